#include "SAM2LungSegmentation.h"

#include "SAM2LungLabels.h"
#include "SAM2LungMaps.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>

#include <vtkBinaryLabelmapToClosedSurfaceConversionRule.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>

#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkVariant.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

namespace sam2lung_slicer
{

namespace
{

/// Marks the segments that were made here; holds the nodule's number.
constexpr const char* TAG = "SAM2Lung.Nodule";

/// Of a region made of several classes; holds the labels of these, with spaces between.
constexpr const char* LABELS_TAG = "SAM2Lung.Labels";

/// A nodule (morphologically altered structure) in the lung, by Slicer's own lists of DICOM's codes.
constexpr const char* TERMINOLOGY = "Segmentation category and type - DICOM master list"
                                    "~SCT^49755003^Morphologically Altered Structure"
                                    "~SCT^27925004^Nodule"
                                    "~^^"
                                    "~Anatomic codes - DICOM master list"
                                    "~SCT^39607008^Lung"
                                    "~^^";

/// Another code as a morphologically altered structure, wherever it lies; Slicer's texts part by `~` and `^`.
std::string Terminology(const sam2lung::Code& code)
{
  const std::string parts = code.scheme + "^" + code.value + "^" + code.meaning;
  const bool plain = parts.find('~') == std::string::npos && std::count(parts.begin(), parts.end(), '^') == 2;
  return code && plain ? "Segmentation category and type - DICOM master list"
                         "~SCT^49755003^Morphologically Altered Structure~" +
                           parts + "~^^~Anatomic codes - DICOM master list~^^~^^"
                       : std::string();
}

/// Whether a class is one of nodules, by its name: what has no code, or comes from an earlier version of the module.
bool IsNodule(const std::string& class_name)
{
  return class_name.empty() || class_name == "nodule";
}

/// By the code of its class; a Nodule lies in the lung, and where others lie a model doesn't say. Empty: none.
std::string TerminologyOf(const sam2lung::Nodule& nodule, const RunClasses& classes)
{
  const RunClass* const own = classes.Of(nodule);
  const sam2lung::Code code = own ? own->code : sam2lung::Code();
  const bool is_nodule = code ? code.scheme == "SCT" && code.value == "27925004" : IsNodule(nodule.class_name);
  return is_nodule && !classes.regions ? TERMINOLOGY : Terminology(code);
}

/// The labels whose voxels a nodule, class or region has.
std::set<int> LabelsOf(const sam2lung::Nodule& nodule, const RunClasses& classes)
{
  const RunClass* const own = classes.regions ? classes.Of(nodule) : nullptr;
  return own ? own->labels : std::set<int>{ static_cast<int>(nodule.id) };
}

Box BoxOfLabels(const std::map<int, LabelShare>& shares, const std::set<int>& labels)
{
  Box box;
  for (const auto& [label, share] : shares)
  {
    box = labels.count(label) > 0 ? box.With(share.box) : box;
  }
  return box;
}

std::string Text(const std::set<int>& labels)
{
  std::string text;
  for (const int label : labels)
  {
    text += (text.empty() ? "" : " ") + std::to_string(label);
  }
  return text;
}

using SurfaceRule = vtkBinaryLabelmapToClosedSurfaceConversionRule;

/// Steps go, the volume stays: within 2 % for balls of 4 to 30 mm in slices of 1.25 mm (vtkSlicerSAM2LungOutputsTest).
/// What Slicer does unless told otherwise, flying edges and a factor of 0.5, takes 60 % from a ball of 4 mm.
constexpr const char* SMOOTHING = "0.2";

std::string BinaryLabelmap()
{
  return vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName();
}

std::string ClosedSurface()
{
  return vtkSegmentationConverter::GetSegmentationClosedSurfaceRepresentationName();
}

/// Of a rule, or of the segmentation that has it.
template <typename Owner>
void SetSurfaceParameters(Owner* owner)
{
  owner->SetConversionParameter(SurfaceRule::GetConversionMethodParameterName(),
                                SurfaceRule::CONVERSION_METHOD_SURFACE_NETS);
  owner->SetConversionParameter(SurfaceRule::GetSmoothingFactorParameterName(), SMOOTHING);
}

vtkSmartPointer<vtkOrientedImageData> Oriented(vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  vtkNew<vtkMatrix4x4> matrix;
  matrix->DeepCopy(ijk_to_ras.data());
  vtkNew<vtkOrientedImageData> oriented;
  oriented->vtkImageData::ShallowCopy(image);
  oriented->SetGeometryFromImageToWorldMatrix(matrix);
  return oriented;
}

/// A voxel of margin, so that a surface closes; outside the CT, too.
Box WithMargin(const Box& box)
{
  Box grown = box;
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    --grown.extent[2 * axis];
    ++grown.extent[2 * axis + 1];
  }
  return grown;
}

/// The labels in the box.
vtkSmartPointer<vtkImageData> AllLabels(vtkImageData* labels, const Box& box)
{
  vtkSmartPointer<vtkImageData> all = Blank(WithMargin(box), VTK_UNSIGNED_SHORT);
  Copy(labels, all, box);
  return all;
}

/// The number where the label is one of its own in the box, 0 elsewhere.
vtkSmartPointer<vtkImageData> OwnLabels(vtkImageData* labels, const Box& box, int id, const std::set<int>& own_labels)
{
  vtkSmartPointer<vtkImageData> own = AllLabels(labels, box);
  auto* first = static_cast<std::uint16_t*>(own->GetScalarPointer());
  const auto number = static_cast<std::uint16_t>(id);
  std::transform(first,
                 first + own->GetNumberOfPoints(),
                 first,
                 [&](std::uint16_t label)
                 { return label != 0 && own_labels.count(label) > 0 ? number : std::uint16_t{ 0 }; });
  return own;
}

/// \param terminology  empty: none
vtkSmartPointer<vtkSegment> NewSegment(const NoduleLook& look, const char* terminology, vtkOrientedImageData* labelmap)
{
  std::array<double, 3> color = look.color;
  vtkNew<vtkSegment> segment;
  segment->SetName(look.name.c_str());
  segment->SetNameAutoGenerated(false);
  segment->SetColor(color.data());
  segment->SetColorAutoGenerated(false);
  if (terminology[0] != '\0')
  {
    segment->SetTerminology(terminology);
  }
  segment->SetTag(TAG, look.id);
  segment->SetLabelValue(look.id);
  segment->AddRepresentation(BinaryLabelmap(), labelmap);
  return segment;
}

/// Made from the nodule's own part of the labelmap: from the shared one it would be the same, only slower.
vtkSmartPointer<vtkDataObject> MakeSurface(const NoduleLook& look, vtkOrientedImageData* labelmap)
{
  const vtkSmartPointer<vtkSegment> segment = NewSegment(look, "", labelmap);
  vtkNew<SurfaceRule> rule;
  SetSurfaceParameters(rule.GetPointer());
  rule->Convert(segment);
  return segment->GetRepresentation(ClosedSurface());
}

/// Number of a nodule; 0: the segment is none.
int NoduleOf(vtkSegment* segment)
{
  std::string id;
  return segment && segment->GetTag(TAG, id) ? vtkVariant(id).ToInt() : 0;
}

/// A segment's nodule, class or region, and the labels that are its own in the label map.
struct Owner
{
  int id;
  std::set<int> labels;
};

Owner OwnerOf(vtkSegment* segment, int id)
{
  Owner owner{ id, {} };
  std::string text;
  std::istringstream labels(segment->GetTag(LABELS_TAG, text) ? text : std::to_string(id));
  for (int label = 0; labels >> label;)
  {
    owner.labels.insert(label);
  }
  return owner;
}

/// The voxels of a value in an image that segments share, as another value.
template <typename Value>
vtkSmartPointer<vtkImageData> OwnVoxels(const Value* first, vtkImageData* image, int value, int as)
{
  Box box;
  const Value* voxel = first;
  ForEachVoxel(BoxOf(image),
               [&](int i, int j, int k)
               {
                 if (static_cast<int>(*voxel++) == value)
                 {
                   box.Add(i, j, k);
                 }
               });
  if (box.Empty())
  {
    return vtkSmartPointer<vtkImageData>::New();
  }
  const vtkSmartPointer<vtkImageData> own = Blank(WithMargin(box), VTK_UNSIGNED_SHORT);
  ForEachVoxel(box,
               [&](int i, int j, int k)
               {
                 if (static_cast<int>(*static_cast<const Value*>(image->GetScalarPointer(i, j, k))) == value)
                 {
                   *static_cast<std::uint16_t*>(own->GetScalarPointer(i, j, k)) = static_cast<std::uint16_t>(as);
                 }
               });
  return own;
}

/// Looks at each voxel of an image of segments: `owners` leads from a segment's value to what it is.
/// \param same    how many voxels of the nodule are its own in the label map, too
/// \param differ  nodules that have a voxel here and not there
template <typename Value>
void Compare(const Value* voxel,
             vtkImageData* image,
             vtkImageData* labels,
             const std::map<int, Owner>& owners,
             std::map<int, std::int64_t>& same,
             std::set<int>& differ)
{
  const Box there = BoxOf(labels);
  ForEachVoxel(BoxOf(image),
               [&](int i, int j, int k)
               {
                 const auto owner = *voxel == 0 ? owners.end() : owners.find(static_cast<int>(*voxel));
                 ++voxel;
                 if (owner == owners.end())
                 {
                   return;
                 }
                 const auto& [id, own_labels] = owner->second;
                 if (there.Has(i, j, k) &&
                     own_labels.count(*static_cast<std::uint16_t*>(labels->GetScalarPointer(i, j, k))) > 0)
                 {
                   ++same[id];
                 }
                 else
                 {
                   differ.insert(id);
                 }
               });
}

/// Sets the segment's voxels to 0 in the image that it shares.
void Erase(vtkOrientedImageData* image, int value)
{
  auto* const first = static_cast<std::uint16_t*>(image->GetScalarPointer());
  std::replace(first, first + image->GetNumberOfPoints(), static_cast<std::uint16_t>(value), std::uint16_t{ 0 });
  image->Modified();
}

/// Removes a segment. vtkSegmentation would first copy it out of the image that it shares with the others, which takes a
/// third of a second for each where nodules lie far apart.
void Remove(vtkSegmentation* segmentation, const std::string& id)
{
  vtkSegment* const segment = segmentation->GetSegment(id);
  const vtkSmartPointer<vtkOrientedImageData> image =
    vtkOrientedImageData::SafeDownCast(segment->GetRepresentation(BinaryLabelmap()));
  if (image && image->GetScalarType() == VTK_UNSIGNED_SHORT && image->GetNumberOfPoints() > 0)
  {
    segment->AddRepresentation(BinaryLabelmap(), vtkSmartPointer<vtkOrientedImageData>::New());
    Erase(image, segment->GetLabelValue());
  }
  segmentation->RemoveSegment(id);
}

void MakeReady(vtkMRMLSegmentationNode* node, vtkMRMLScalarVolumeNode* ct)
{
  node->SetSourceRepresentationToBinaryLabelmap();
  node->SetReferenceImageGeometryParameterFromVolumeNode(ct);
  SetSurfaceParameters(node->GetSegmentation());
}

void Add(vtkMRMLSegmentationNode* node, vtkSegment* segment, const std::string& before)
{
  vtkSegmentation* segmentation = node->GetSegmentation();
  const std::string id = segmentation->GenerateUniqueSegmentID(NoduleKey(NoduleOf(segment)));
  segmentation->AddSegment(segment, id, before);
}

} // namespace

//----------------------------------------------------------------------------
std::string NoduleTitle(const sam2lung::Nodule& nodule)
{
  std::string kind = nodule.class_name;
  if (IsNodule(kind))
  {
    kind = vtkMRMLTr("vtkSlicerSAM2LungLogic", "Nodule");
  }
  else if ('a' <= kind[0] && kind[0] <= 'z')
  {
    kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  }
  return kind + " " + std::to_string(nodule.id);
}

//----------------------------------------------------------------------------
std::string NoduleName(const sam2lung::Nodule& nodule)
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 (%2 mm)"),
                             NoduleTitle(nodule).c_str(),
                             std::to_string(std::lround(nodule.long_axis_mm)).c_str());
}

//----------------------------------------------------------------------------
NoduleLook LookOf(const sam2lung::Nodule& nodule, const RunClasses& classes)
{
  const int id = static_cast<int>(nodule.id);
  const RunClass* const own = classes.Several() ? classes.Of(nodule) : nullptr;
  return { id,
           classes.regions ? nodule.class_name : NoduleName(nodule),
           own ? ColorOfBytes(own->colour) : NoduleColor(id, nodule.review) };
}

//----------------------------------------------------------------------------
std::string NoduleKey(int id)
{
  return "Nodule_" + std::to_string(id);
}

//----------------------------------------------------------------------------
std::vector<vtkSmartPointer<vtkSegment>> MakeSegments(vtkImageData* labels,
                                                      const sam2lung::Matrix& ijk_to_ras,
                                                      const std::vector<sam2lung::Nodule>& nodules,
                                                      const RunClasses& classes)
{
  const std::map<int, LabelShare> shares = FindLabels(labels);
  Box all;
  for (const sam2lung::Nodule& nodule : nodules)
  {
    all = all.With(BoxOfLabels(shares, LabelsOf(nodule, classes)));
  }
  const int only = nodules.size() == 1 ? static_cast<int>(nodules.front().id) : 0;
  const vtkSmartPointer<vtkOrientedImageData> shared =
    Oriented(only != 0 ? OwnLabels(labels, all, only, LabelsOf(nodules.front(), classes)) : AllLabels(labels, all),
             ijk_to_ras);
  std::vector<vtkSmartPointer<vtkSegment>> segments;
  for (const sam2lung::Nodule& nodule : nodules)
  {
    const NoduleLook look = LookOf(nodule, classes);
    const std::set<int> own_labels = LabelsOf(nodule, classes);
    const Box box = BoxOfLabels(shares, own_labels);
    if (!box.Empty())
    {
      const bool is_region = own_labels != std::set<int>{ look.id };
      const auto own = Oriented(OwnLabels(labels, box, look.id, own_labels), ijk_to_ras);
      vtkSmartPointer<vtkSegment> segment =
        NewSegment(look, TerminologyOf(nodule, classes).c_str(), is_region ? own : shared);
      if (is_region)
      {
        segment->SetTag(LABELS_TAG, Text(own_labels));
      }
      segment->AddRepresentation(ClosedSurface(), MakeSurface(look, own));
      segments.push_back(segment);
    }
  }
  return segments;
}

//----------------------------------------------------------------------------
bool RemoveNextSegment(vtkMRMLSegmentationNode* node)
{
  vtkSegmentation* segmentation = node->GetSegmentation();
  for (const std::string& id : segmentation->GetSegmentIDs())
  {
    if (NoduleOf(segmentation->GetSegment(id)) > 0)
    {
      Remove(segmentation, id);
      return true;
    }
  }
  return false;
}

//----------------------------------------------------------------------------
void WriteSegment(vtkMRMLSegmentationNode* node, vtkMRMLScalarVolumeNode* ct, vtkSegment* segment)
{
  vtkSegmentation* segmentation = node->GetSegmentation();
  std::string next;
  const std::string old = FindSegment(node, NoduleOf(segment));
  if (!old.empty())
  {
    next = segmentation->GetNthSegmentID(static_cast<unsigned int>(segmentation->GetSegmentIndex(old) + 1));
    Remove(segmentation, old);
  }
  MakeReady(node, ct);
  Add(node, segment, next);
  node->CreateClosedSurfaceRepresentation();
}

//----------------------------------------------------------------------------
vtkSmartPointer<vtkSegment> CopySegment(vtkMRMLSegmentationNode* node, int id)
{
  vtkSegment* const segment = node->GetSegmentation()->GetSegment(FindSegment(node, id));
  auto* const image =
    segment ? vtkOrientedImageData::SafeDownCast(segment->GetRepresentation(BinaryLabelmap())) : nullptr;
  if (!image)
  {
    return nullptr;
  }
  vtkSmartPointer<vtkImageData> voxels = vtkSmartPointer<vtkImageData>::New();
  if (image->GetNumberOfPoints() > 0)
  {
    switch (image->GetScalarType())
    {
      vtkTemplateMacro(voxels = OwnVoxels(static_cast<const VTK_TT*>(image->GetScalarPointer()), image,
                                          segment->GetLabelValue(), id));
    }
  }
  vtkNew<vtkMatrix4x4> matrix;
  image->GetImageToWorldMatrix(matrix);
  sam2lung::Matrix ijk_to_ras{};
  std::copy_n(matrix->GetData(), ijk_to_ras.size(), ijk_to_ras.begin());
  auto copy = vtkSmartPointer<vtkSegment>::New();
  copy->DeepCopyMetadata(segment);
  copy->SetLabelValue(id);
  copy->AddRepresentation(BinaryLabelmap(), Oriented(voxels, ijk_to_ras));
  if (vtkDataObject* const surface = segment->GetRepresentation(ClosedSurface()))
  {
    copy->AddRepresentation(ClosedSurface(), surface);
  }
  return copy;
}

//----------------------------------------------------------------------------
void RemoveSegment(vtkMRMLSegmentationNode* node, int id)
{
  const std::string segment = FindSegment(node, id);
  if (!segment.empty())
  {
    Remove(node->GetSegmentation(), segment);
  }
}

//----------------------------------------------------------------------------
void ShowSegments(vtkMRMLSegmentationNode* node)
{
  node->CreateDefaultDisplayNodes();
  auto* display = vtkMRMLSegmentationDisplayNode::SafeDownCast(node->GetDisplayNode());
  if (display)
  {
    display->SetVisibility2DFill(false);
    display->SetVisibility2DOutline(true);
    display->SetVisibility3D(true);
  }
}

//----------------------------------------------------------------------------
void ShowSegment(vtkMRMLSegmentationNode* node, int id, bool visible)
{
  const std::string segment = node ? FindSegment(node, id) : "";
  const int displays = segment.empty() ? 0 : node->GetNumberOfDisplayNodes();
  for (int n = 0; n < displays; ++n)
  {
    auto* display = vtkMRMLSegmentationDisplayNode::SafeDownCast(node->GetNthDisplayNode(n));
    // Of what doesn't change, no view need hear.
    if (display && display->GetSegmentVisibility(segment) != visible)
    {
      display->SetSegmentVisibility(segment, visible);
    }
  }
}

//----------------------------------------------------------------------------
std::string OwnName(vtkMRMLSegmentationNode* node, const NoduleLook& nodule)
{
  const std::string id = node ? FindSegment(node, nodule.id) : "";
  const char* const name = id.empty() ? nullptr : node->GetSegmentation()->GetSegment(id)->GetName();
  return name && name != nodule.name ? name : "";
}

//----------------------------------------------------------------------------
std::set<int> EditedSegments(vtkMRMLSegmentationNode* node, vtkMRMLVolumeNode* labels, const std::vector<int>& nodules)
{
  std::set<int> edited;
  if (!node || !HasImage(labels) || labels->GetImageData()->GetScalarType() != VTK_UNSIGNED_SHORT)
  {
    return edited;
  }
  // Segments share images: each image is looked at once.
  std::map<vtkOrientedImageData*, std::map<int, Owner>> images;
  const std::map<int, LabelShare> shares = FindLabels(labels->GetImageData());
  for (const int nodule : nodules)
  {
    vtkSegment* const segment = node->GetSegmentation()->GetSegment(FindSegment(node, nodule));
    auto* const image =
      segment ? vtkOrientedImageData::SafeDownCast(segment->GetRepresentation(BinaryLabelmap())) : nullptr;
    if (image && LiesOn(image, labels))
    {
      images[image][segment->GetLabelValue()] = OwnerOf(segment, nodule);
    }
    else if (segment || shares.count(nodule) > 0)
    {
      edited.insert(nodule); // what has no voxel, as a class that was not found, has no segment
    }
  }
  for (const auto& [image, owners] : images)
  {
    std::map<int, std::int64_t> same;
    std::set<int> differ;
    switch (image->GetScalarType())
    {
      vtkTemplateMacro(Compare(static_cast<const VTK_TT*>(image->GetScalarPointer()), image, labels->GetImageData(),
                               owners, same, differ));
    }
    for (const auto& [value, owner] : owners)
    {
      std::int64_t voxels = 0;
      for (const auto& [label, share] : shares)
      {
        voxels += owner.labels.count(label) > 0 ? share.voxels : 0;
      }
      if (differ.count(owner.id) > 0 || same[owner.id] != voxels)
      {
        edited.insert(owner.id);
      }
    }
  }
  return edited;
}

//----------------------------------------------------------------------------
std::string FindSegment(vtkMRMLSegmentationNode* node, int nodule)
{
  vtkSegmentation* segmentation = node->GetSegmentation();
  for (const std::string& id : segmentation->GetSegmentIDs())
  {
    if (NoduleOf(segmentation->GetSegment(id)) == nodule)
    {
      return id;
    }
  }
  return "";
}

//----------------------------------------------------------------------------
bool LiesOn(vtkOrientedImageData* image, vtkMRMLVolumeNode* labels)
{
  vtkNew<vtkMatrix4x4> of_image;
  vtkNew<vtkMatrix4x4> of_labels;
  image->GetImageToWorldMatrix(of_image);
  labels->GetIJKToRASMatrix(of_labels);
  return SameGrid(of_image->GetData(), of_labels->GetData());
}

//----------------------------------------------------------------------------
void RenameSegment(vtkMRMLSegmentationNode* node, const NoduleLook& before, const NoduleLook& now)
{
  vtkSegment* const segment = node ? node->GetSegmentation()->GetSegment(FindSegment(node, now.id)) : nullptr;
  if (!segment)
  {
    return;
  }
  if (OwnName(node, before).empty())
  {
    segment->SetName(now.name.c_str());
  }
  std::array<double, 3> color = now.color;
  segment->SetColor(color.data());
}

//----------------------------------------------------------------------------
int LastSegment(vtkMRMLSegmentationNode* node)
{
  int last = 0;
  vtkSegmentation* segmentation = node ? node->GetSegmentation() : nullptr;
  const int segments = segmentation ? segmentation->GetNumberOfSegments() : 0;
  for (int n = 0; n < segments; ++n)
  {
    last = std::max(last, NoduleOf(segmentation->GetNthSegment(static_cast<unsigned int>(n))));
  }
  return last;
}

} // namespace sam2lung_slicer
