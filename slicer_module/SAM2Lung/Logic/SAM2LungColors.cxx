#include "SAM2LungColors.h"

#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLI18N.h>

#include <vtkLookupTable.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace sam2lung_slicer
{

namespace
{

using Bytes = std::array<int, 3>;

// Orange, vermilion, sky blue and blue of Okabe and Ito (2008), and a paler shade of each pair.
constexpr std::array<Bytes, 3> WARM{ { { 230, 159, 0 }, { 213, 94, 0 }, { 255, 206, 120 } } };
constexpr std::array<Bytes, 3> COOL{ { { 86, 180, 233 }, { 0, 114, 178 }, { 176, 224, 250 } } };

/// Below this part of the window a map is transparent. Slice views show a color either wholly or not at all, and the map
/// begins with black: a little uncertainty everywhere would only darken the CT.
constexpr double FAINTEST_SHOWN = 0.1;

/// Anchors of the perceptually even map "inferno" (Smith and van der Walt, CC0), from 0 to 1.
constexpr std::array<Bytes, 9> INFERNO{ { { 0, 0, 4 },
                                          { 31, 12, 72 },
                                          { 85, 15, 109 },
                                          { 136, 34, 106 },
                                          { 186, 54, 85 },
                                          { 227, 89, 51 },
                                          { 249, 140, 10 },
                                          { 249, 201, 50 },
                                          { 252, 255, 164 } } };

// A slice view reduces a volume to as many values as a byte has before it looks up colours.
constexpr int HEAT_COLORS = 256;

/// Tables are saved as bytes: what isn't a whole number of them would change with saving.
std::array<double, 3> FromBytes(const Bytes& bytes)
{
  return { bytes[0] / 255.0, bytes[1] / 255.0, bytes[2] / 255.0 };
}

void SetEntry(vtkMRMLColorTableNode* node, const NoduleLook& nodule)
{
  node->SetColor(nodule.id, nodule.name.c_str(), nodule.color[0], nodule.color[1], nodule.color[2], 1.0);
}

/// Makes room for the labels 0 to `last`, 0 being transparent.
void SetLastLabel(vtkMRMLColorTableNode* node, int last)
{
  node->SetTypeToUser();
  node->SetNumberOfColors(last + 1);
  node->GetLookupTable()->SetRange(0, last);
  const std::string background = vtkMRMLTr("vtkSlicerSAM2LungLogic", "background");
  node->SetColor(0, background.c_str(), 0.0, 0.0, 0.0, 0.0);
}

} // namespace

//----------------------------------------------------------------------------
std::array<double, 3> NoduleColor(int id, bool flagged)
{
  const auto& shades = flagged ? WARM : COOL;
  return FromBytes(shades[static_cast<std::size_t>(id) % shades.size()]);
}

//----------------------------------------------------------------------------
std::array<double, 3> ColorOfBytes(const std::array<std::uint8_t, 3>& bytes)
{
  return FromBytes({ bytes[0], bytes[1], bytes[2] });
}

//----------------------------------------------------------------------------
std::array<double, 3> HeatColor(double value)
{
  const double at = value * (INFERNO.size() - 1);
  const std::size_t low = std::min(static_cast<std::size_t>(at), INFERNO.size() - 2);
  Bytes bytes{};
  for (std::size_t channel = 0; channel < bytes.size(); ++channel)
  {
    const int from = INFERNO[low][channel];
    const int to = INFERNO[low + 1][channel];
    bytes[channel] = static_cast<int>(std::lround(from + (to - from) * (at - low)));
  }
  return FromBytes(bytes);
}

//----------------------------------------------------------------------------
double FaintestShown()
{
  return FAINTEST_SHOWN;
}

//----------------------------------------------------------------------------
void WriteNoduleColors(vtkMRMLColorTableNode* node, const std::vector<NoduleLook>& nodules)
{
  MRMLNodeModifyBlocker blocker(node);
  int last = 0;
  for (const NoduleLook& nodule : nodules)
  {
    last = std::max(last, nodule.id);
  }
  SetLastLabel(node, 0); // forgets what was in the table
  SetLastLabel(node, last);
  for (const NoduleLook& nodule : nodules)
  {
    SetEntry(node, nodule);
  }
}

//----------------------------------------------------------------------------
void WriteNoduleColor(vtkMRMLColorTableNode* node, const NoduleLook& nodule)
{
  MRMLNodeModifyBlocker blocker(node);
  const int last = node->GetNumberOfColors() - 1;
  if (nodule.id > last)
  {
    SetLastLabel(node, nodule.id);
  }
  SetEntry(node, nodule);
}

//----------------------------------------------------------------------------
void WriteHeatColors(vtkMRMLColorTableNode* node)
{
  MRMLNodeModifyBlocker blocker(node);
  node->SetTypeToUser();
  node->SetNumberOfColors(HEAT_COLORS);
  node->GetLookupTable()->SetRange(0, HEAT_COLORS - 1);
  for (int entry = 0; entry < HEAT_COLORS; ++entry)
  {
    const double value = static_cast<double>(entry) / (HEAT_COLORS - 1);
    const std::array<double, 3> color = HeatColor(value);
    char name[16];
    std::snprintf(name, sizeof name, "%.3f", value);
    node->SetColor(entry, name, color[0], color[1], color[2], value < FAINTEST_SHOWN ? 0.0 : 1.0);
  }
}

} // namespace sam2lung_slicer
