/// \file
/// Clicks as the nodule table keeps them: saved with the scene, so that correcting an outline can go on after loading. Main
/// thread only.

#ifndef SAM2LungClicks_h
#define SAM2LungClicks_h

#include "SAM2LungRun.h"

#include <string>
#include <vector>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLTableNode;

namespace sam2lung_slicer
{

/// "in 12 34 5; out 13 35 5": column, row and slice of the CT, from 0.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string ClicksText(const std::vector<RunClick>& clicks);
/// The same backwards; what can't be read is left out.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::vector<RunClick> ClicksOfText(const std::string& text);

/// The clicks that a nodule was outlined with.
std::vector<RunClick> ClicksInTable(vtkMRMLTableNode* node, int id);
void WriteClicks(vtkMRMLTableNode* node, int id, const std::vector<RunClick>& clicks);

/// The clicks to correct a nodule's outline with: those that it had, and `click`, which takes the place of one on the same voxel.
/// A nodule that nobody clicked on counts as clicked on inside, in the middle of its outline in RunInput::previous.
std::vector<RunClick> WithClicksBefore(vtkMRMLTableNode* node, int id, const RunClick& click, const RunInput& input);

} // namespace sam2lung_slicer

#endif
