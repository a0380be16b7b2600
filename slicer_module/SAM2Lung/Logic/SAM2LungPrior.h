/// \file
/// The prior CT of a parameter node: whether it can be compared, and what has to be done before. Main thread only.

#ifndef SAM2LungPrior_h
#define SAM2LungPrior_h

#include "SAM2LungCompare.h"
#include "SAM2LungKept.h"

#include <optional>
#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;

namespace sam2lung_slicer
{

/// Why the nodules can't be compared with the chosen prior and what to do, for people; empty: it can be tried.
/// \param kept  the result behind the nodules; null: not at hand
std::string PriorProblem(vtkMRMLSAM2LungParametersNode* parameters, const Kept* kept);

/// Whether two runs were made in one way, so that their samples are pairs, and what one of them lacks was looked for.
bool ArePairs(const Kept& one, const Kept& other);

/// The parameter node of the prior CT, made where there is none, set up to find nodules as the other's run did.
vtkMRMLSAM2LungParametersNode* PriorParameters(vtkMRMLSAM2LungParametersNode* parameters, const Kept& kept);

/// Days from the first volume to the second, by the study dates in the subject hierarchy; none: not known, or one day.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::optional<double> DaysBetween(vtkMRMLScalarVolumeNode* earlier, vtkMRMLScalarVolumeNode* later);

/// Copies what a comparison needs.
/// \param prior  null: it is read from the folder
CompareInput TakeComparison(vtkMRMLSAM2LungParametersNode* parameters, const Kept& current, const Kept* prior);

/// Brings a comparison into the scene: the table, its shown columns, and the nodes that lay the prior over the CT.
void DeliverComparison(vtkMRMLSAM2LungParametersNode* parameters,
                       const CompareInput& input,
                       const Compared& compared,
                       const Kept& current,
                       const Kept* prior);

/// The folder of the files of a comparison: named as both CTs.
std::string ComparisonFolder(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
/// Why the files of the comparison that the table shows can't be written and what to do, for people; empty: it can be tried.
/// \param kept    the result behind the nodules, with its comparison; null: not at hand
/// \param folder  in which they get a folder of their own; empty: not chosen yet
std::string ComparisonFilesProblem(vtkMRMLSAM2LungParametersNode* parameters, const Kept* kept, const std::string& folder);

} // namespace sam2lung_slicer

#endif
