/// \file
/// Nodules as points. Main thread only.

#ifndef SAM2LungPoints_h
#define SAM2LungPoints_h

#include <vector>

#include <sam2lung/nodule.hpp>

class vtkMRMLMarkupsFiducialNode;

namespace sam2lung_slicer
{

struct RunClasses;

/// Puts a point at each nodule's centre; what was put here before goes, and the user's points stay.
/// \param classes  RunOutput::classes
void WritePoints(vtkMRMLMarkupsFiducialNode* node,
                 const std::vector<sam2lung::Nodule>& nodules,
                 const RunClasses& classes);
/// Puts one point there, in the place of the one with its number.
void WritePoint(vtkMRMLMarkupsFiducialNode* node, const sam2lung::Nodule& nodule, const RunClasses& classes);
/// Removes the point of a nodule, if there is one.
void RemovePoint(vtkMRMLMarkupsFiducialNode* node, int id);
/// Small crosses, warm where someone should look again.
void ShowPoints(vtkMRMLMarkupsFiducialNode* node);
void ShowPoint(vtkMRMLMarkupsFiducialNode* node, int id, bool visible);

} // namespace sam2lung_slicer

#endif
