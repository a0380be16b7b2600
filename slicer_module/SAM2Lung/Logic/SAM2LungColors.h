/// \file
/// Colours of nodules and of maps, and the color table nodes that hold them. Main thread only.

#ifndef SAM2LungColors_h
#define SAM2LungColors_h

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLColorTableNode;

namespace sam2lung_slicer
{

/// What a nodule is called, and its colour: red, green, blue, 0 to 1.
struct NoduleLook
{
  int id = 0;
  std::string name;
  std::array<double, 3> color{};
};

/// Warm: someone should look again; cool: the others. Red, green, blue, 0 to 1.
///
/// Orange and blue differ for people with any kind of colour blindness. Neighbours in number have other shades.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::array<double, 3> NoduleColor(int id, bool flagged);

/// A colour of bytes, 0 to 255, as numbers from 0 to 1.
std::array<double, 3> ColorOfBytes(const std::array<std::uint8_t, 3>& bytes);

/// Colour of a map's value, 0 to 1: "inferno". Red, green, blue, 0 to 1.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::array<double, 3> HeatColor(double value);
/// The least value that has a colour; below, a map is transparent.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
double FaintestShown();

/// Makes it a table of these nodules, and of nothing else.
void WriteNoduleColors(vtkMRMLColorTableNode* node, const std::vector<NoduleLook>& nodules);
/// Sets the entry of one nodule; others stay.
void WriteNoduleColor(vtkMRMLColorTableNode* node, const NoduleLook& nodule);
/// Makes it the map "inferno", transparent in its lowest tenth, over a display node's window.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void WriteHeatColors(vtkMRMLColorTableNode* node);

} // namespace sam2lung_slicer

#endif
