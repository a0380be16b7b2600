/// \file
/// A CT of a test as a DICOM series: a file a slice, as DICOM PS3.3 A.3 has CT images, uncompressed (PS3.5 A.2).

#ifndef SAM2LungMadeDicom_h
#define SAM2LungMadeDicom_h

#include <vtkMRMLScalarVolumeNode.h>

#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <vtksys/FStream.hxx>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ios>
#include <string>

namespace sam2lung_testing
{

constexpr const char* MADE_STUDY_UID = "1.2.826.0.1.3680043.8.498.1";

/// Data elements in explicit VR, little endian; to be added in the order of their tags.
class DicomElements
{
public:
  /// Of at most 64 kB, but for other bytes and words.
  void Add(std::uint16_t group, std::uint16_t element, const std::string& vr, std::string value)
  {
    // Of an even length: texts end with a space, UIDs and bytes with 0.
    value.append(value.size() % 2, vr == "UI" || vr == "OB" ? '\0' : ' ');
    this->Bytes += Number<2>(group) + Number<2>(element) + vr;
    this->Bytes += vr == "OB" || vr == "OW" ? Number<2>(0) + Number<4>(value.size()) : Number<2>(value.size());
    this->Bytes += value;
  }
  void AddNumber(std::uint16_t group, std::uint16_t element, std::uint16_t value)
  {
    this->Add(group, element, "US", Number<2>(value));
  }

  template <int Size>
  static std::string Number(std::uint64_t value)
  {
    std::string bytes;
    for (int n = 0; n < Size; ++n)
    {
      bytes += static_cast<char>(value >> (8 * n) & 0xff);
    }
    return bytes;
  }

  std::string Bytes;
};

/// "0.8\-20": the decimal strings of numbers.
template <std::size_t Size>
std::string DecimalStrings(const std::array<double, Size>& values)
{
  std::string text;
  for (const double value : values)
  {
    char one[17]; // 16 characters at most
    std::snprintf(one, sizeof one, "%.9g", value);
    text += (text.empty() ? "" : "\\") + std::string(one);
  }
  return text;
}

/// Writes slices of a CT of short voxels, "1.dcm" and so on, into a folder that is there.
inline void WriteDicomSeries(vtkMRMLScalarVolumeNode* ct, const std::string& folder)
{
  constexpr const char* CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2";
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  ct->GetIJKToRASMatrix(ijk_to_ras);
  const int* const dims = ct->GetImageData()->GetDimensions();
  const auto lps = [&](int row, int column) { return (row < 2 ? -1.0 : 1.0) * ijk_to_ras->GetElement(row, column); };
  const auto step_mm = [&](int column) { return std::hypot(lps(0, column), lps(1, column), lps(2, column)); };
  for (int k = 0; k < dims[2]; ++k)
  {
    const std::string uid = std::string(MADE_STUDY_UID) + ".1." + std::to_string(k + 1);
    DicomElements meta;
    meta.Add(0x0002, 0x0001, "OB", std::string("\0\1", 2));
    meta.Add(0x0002, 0x0002, "UI", CT_IMAGE);
    meta.Add(0x0002, 0x0003, "UI", uid);
    meta.Add(0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1"); // explicit VR little endian
    meta.Add(0x0002, 0x0012, "UI", "1.2.826.0.1.3680043.8.498");
    DicomElements length;
    length.Add(0x0002, 0x0000, "UL", DicomElements::Number<4>(meta.Bytes.size()));

    DicomElements image;
    image.Add(0x0008, 0x0016, "UI", CT_IMAGE);
    image.Add(0x0008, 0x0018, "UI", uid);
    image.Add(0x0008, 0x0020, "DA", "20240301");
    image.Add(0x0008, 0x0060, "CS", "CT");
    image.Add(0x0010, 0x0010, "PN", "DOE^JANE");
    image.Add(0x0010, 0x0020, "LO", "P1");
    image.Add(0x0020, 0x000d, "UI", MADE_STUDY_UID);
    image.Add(0x0020, 0x000e, "UI", std::string(MADE_STUDY_UID) + ".1");
    image.Add(0x0020, 0x0013, "IS", std::to_string(k + 1));
    image.Add(0x0020, 0x0032, "DS",
              DecimalStrings<3>({ lps(0, 3) + k * lps(0, 2), lps(1, 3) + k * lps(1, 2), lps(2, 3) + k * lps(2, 2) }));
    image.Add(0x0020, 0x0037, "DS",
              DecimalStrings<6>({ lps(0, 0) / step_mm(0), lps(1, 0) / step_mm(0), lps(2, 0) / step_mm(0),
                                  lps(0, 1) / step_mm(1), lps(1, 1) / step_mm(1), lps(2, 1) / step_mm(1) }));
    image.AddNumber(0x0028, 0x0002, 1);
    image.Add(0x0028, 0x0004, "CS", "MONOCHROME2");
    image.AddNumber(0x0028, 0x0010, static_cast<std::uint16_t>(dims[1]));
    image.AddNumber(0x0028, 0x0011, static_cast<std::uint16_t>(dims[0]));
    image.Add(0x0028, 0x0030, "DS", DecimalStrings<2>({ step_mm(1), step_mm(0) })); // between rows, between columns
    image.AddNumber(0x0028, 0x0100, 16);
    image.AddNumber(0x0028, 0x0101, 16);
    image.AddNumber(0x0028, 0x0102, 15);
    image.AddNumber(0x0028, 0x0103, 1); // signed
    image.Add(0x0028, 0x1052, "DS", "0");
    image.Add(0x0028, 0x1053, "DS", "1");
    std::string voxels;
    const auto* const plane = static_cast<const std::int16_t*>(ct->GetImageData()->GetScalarPointer(0, 0, k));
    for (int n = 0; n < dims[0] * dims[1]; ++n)
    {
      voxels += DicomElements::Number<2>(static_cast<std::uint16_t>(plane[n]));
    }
    image.Add(0x7fe0, 0x0010, "OW", voxels);

    vtksys::ofstream file((folder + "/" + std::to_string(k + 1) + ".dcm").c_str(), std::ios::binary);
    file << std::string(128, '\0') << "DICM" << length.Bytes << meta.Bytes << image.Bytes;
  }
}

} // namespace sam2lung_testing

#endif
