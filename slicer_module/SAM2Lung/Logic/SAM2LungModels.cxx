#include "SAM2LungModels.h"

#include "SAM2LungText.h"

#include <vtkMRMLI18N.h>

#include <vtksys/SystemTools.hxx>

#include <algorithm>
#include <exception>

#include <sam2lung/error.hpp>
#include <sam2lung/installed.hpp>

namespace sam2lung_slicer
{
namespace
{

long long WrittenAt(const std::string& model)
{
  const std::string contract = model + "/model.json";
  return model.empty() || !vtksys::SystemTools::FileExists(contract, true)
           ? 0
           : static_cast<long long>(vtksys::SystemTools::ModifiedTime(contract));
}

std::optional<ModelFacts> Read(const std::string& model)
{
  try
  {
    const sam2lung::Bundle bundle = model.empty() ? sam2lung::Bundle::builtin() : sam2lung::Bundle::open(model);
    return ModelFacts{ bundle.name(), bundle.channel_list(), bundle.share_of_slices(), bundle.takes_clicks() };
  }
  catch (const sam2lung::Error&)
  {
    return std::nullopt;
  }
}

std::string TitleOf(const sam2lung::InstalledBundle& bundle)
{
  const std::string name = bundle.name + " " + bundle.version;
  return bundle.is_builtin
           ? vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 (built in)"), name.c_str())
           : name;
}

std::string TextOf(const sam2lung::InstalledBundle& bundle)
{
  std::string text = bundle.purpose;
  for (const std::string& line : { bundle.signature_text, bundle.problem })
  {
    text += line.empty() ? "" : (text.empty() ? "" : "\n") + line;
  }
  return text;
}

} // namespace

//----------------------------------------------------------------------------
void Models::ReadList()
{
  if (this->Listed)
  {
    return;
  }
  this->Listed = true;
  try
  {
    for (const sam2lung::InstalledBundle& bundle : sam2lung::installed_bundles())
    {
      const std::string model = bundle.is_builtin ? std::string() : bundle.name + "@" + bundle.version;
      this->Choices.push_back({ model, TitleOf(bundle), TextOf(bundle), bundle.problem.empty() });
    }
  }
  catch (...)
  {
    this->Problem = FailureText(std::current_exception());
    this->Choices = { { {}, vtkMRMLTr("vtkSlicerSAM2LungLogic", "The model that is built in"), {}, true } };
  }
}

//----------------------------------------------------------------------------
const std::vector<ModelChoice>& Models::List()
{
  this->ReadList();
  return this->Choices;
}

//----------------------------------------------------------------------------
const std::string& Models::ListProblem()
{
  this->ReadList();
  return this->Problem;
}

//----------------------------------------------------------------------------
bool Models::IsInstalled(const std::string& model)
{
  const auto& list = this->List();
  return !model.empty() &&
         std::any_of(list.begin(),
                     list.end(),
                     [&model](const ModelChoice& choice)
                     { return choice.model == model || choice.model.substr(0, choice.model.find('@')) == model; });
}

//----------------------------------------------------------------------------
const ModelFacts* Models::Find(const std::string& model)
{
  const long long written = WrittenAt(model);
  const auto known = this->Facts.find(model);
  if (known == this->Facts.end() || known->second.written != written)
  {
    this->Facts[model] = { written, Read(model) };
  }
  const std::optional<ModelFacts>& facts = this->Facts.at(model).facts;
  return facts ? &*facts : nullptr;
}

//----------------------------------------------------------------------------
void Models::Forget()
{
  this->Listed = false;
  this->Choices.clear();
  this->Problem.clear();
  this->Facts.clear();
}

//----------------------------------------------------------------------------
std::string NamesOf(const std::vector<sam2lung::ModelChannel>& channels)
{
  std::string names;
  for (const sam2lung::ModelChannel& channel : channels)
  {
    names += (names.empty() ? "" : ", ") + channel.name;
  }
  return names;
}

} // namespace sam2lung_slicer
