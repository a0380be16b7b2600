/// \file
/// From a run's results to the output nodes of a parameter node. Main thread only.

#ifndef SAM2LungOutputs_h
#define SAM2LungOutputs_h

#include "SAM2LungRun.h"

#include <cstddef>
#include <functional>
#include <vector>

#include <vtkWeakPointer.h>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Writes everything a whole run found, step by step, so that the window goes on between two steps.
///
/// Output nodes that are absent are made, beside the CT in the subject hierarchy and under its parent transform. What a
/// reader decided and wrote of a nodule stays with it, and what the user called a segment stays its name
/// (RunOutput::earlier). The parameter node has a scene and an input volume.
class VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT Delivery
{
public:
  /// \param output  by Prepare()
  Delivery(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  void operator=(const Delivery&) = delete;

  /// Why the next step can't be done, for people: a node was removed since the last one. Empty: it can.
  std::string Problem() const;
  /// Whether the scene was touched.
  bool HasBegun() const { return this->Next > 0; }
  /// Does the next step. \return whether there is another one
  bool Step();

private:
  struct Content;
  std::unique_ptr<Content> Held;
  std::vector<std::function<bool()>> Steps; ///< Each says whether it is to be done once more.
  std::size_t Next = 0;
};

/// The same at once, with Prepare().
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void WriteOutputs(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);

/// Writes what a click brought: volumes, and the row, segment, colour and point of the nodule `output.clicked`; those of
/// `output.replaced` go. Of all other nodules everything stays as it is. The nodule is undecided: nobody has seen this
/// outline yet; comments on what it replaces stay with it. Outputs that are absent are made; in outputs of another grid
/// this nodule is alone.
/// \return the nodule's number; 0, and nothing is written, where none was found
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
int WriteClick(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);

/// Whether WriteClick() would write all outputs anew: they lie on another grid, or hold regions.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool ClickBeginsAnew(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input);

/// The result that the outputs hold, in a line; empty: none.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string ResultText(vtkMRMLSAM2LungParametersNode* parameters);
/// What the run found out that must be known, a line each; empty: nothing.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string WarningText(vtkMRMLSAM2LungParametersNode* parameters);
/// The classes and regions whose colours the segments have, a line each, "#d55e00 core"; empty: they have none of these.
std::string ClassColors(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
