#include "SAM2LungKept.h"

#include "SAM2LungComparison.h"

#include <algorithm>

namespace sam2lung_slicer
{

//----------------------------------------------------------------------------
int Kept::NumberNow(int number) const
{
  const auto found = this->numbers.find(number);
  return found == this->numbers.end() ? number : found->second;
}

//----------------------------------------------------------------------------
void KeptResults::Keep(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
{
  this->Forget(parameters);
  if (output.result)
  {
    Kept kept;
    kept.result = output.result;
    kept.facts = output.facts;
    kept.numbers = output.numbers;
    kept.model_folder = input.model_folder;
    kept.search = input.search;
    kept.sensitivity = input.sensitivity;
    kept.table = parameters->GetNoduleTableNode();
    this->Entries.push_back({ parameters, kept });
  }
}

//----------------------------------------------------------------------------
void KeptResults::KeepComparison(vtkMRMLSAM2LungParametersNode* parameters,
                                 const std::shared_ptr<const sam2lung::Comparison>& comparison)
{
  for (Entry& entry : this->Entries)
  {
    if (entry.parameters == parameters)
    {
      entry.kept.comparison = comparison;
      entry.kept.comparison_stamp = ComparisonStamp(parameters->GetNoduleTableNode());
    }
  }
}

//----------------------------------------------------------------------------
const Kept* KeptResults::Find(vtkMRMLSAM2LungParametersNode* parameters) const
{
  const auto found = std::find_if(this->Entries.begin(),
                                  this->Entries.end(),
                                  [parameters](const Entry& entry)
                                  {
                                    return parameters && entry.parameters == parameters && entry.kept.table &&
                                           entry.kept.table == parameters->GetNoduleTableNode();
                                  });
  return found == this->Entries.end() ? nullptr : &found->kept;
}

//----------------------------------------------------------------------------
void KeptResults::Forget(vtkMRMLSAM2LungParametersNode* parameters)
{
  this->Entries.erase(std::remove_if(this->Entries.begin(),
                                     this->Entries.end(),
                                     [parameters](const Entry& entry)
                                     { return !parameters || !entry.parameters || entry.parameters == parameters; }),
                      this->Entries.end());
}

} // namespace sam2lung_slicer
