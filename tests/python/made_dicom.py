"""DICOM series made with pydicom: CT images (PS3.3 A.3), one file a slice.

Volumes are [slice, row, column]; affines take column, row, slice to RAS in mm, as in made_ct.
"""

import hashlib

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


def image(plane_hu, affine, k, series_uid, slope=1.0, intercept=-1024.0):
    """The image of slice `k`, uncompressed, 16 bits, signed."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = CTImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(entropy_srcs=["study"]), series_uid
    made.Modality, made.SeriesDescription, made.InstanceNumber = "CT", "chest, made", k + 1
    place(made, affine, k)
    made.RescaleSlope, made.RescaleIntercept = slope, intercept
    set_stored(made, np.rint((np.asarray(plane_hu, float) - intercept) / slope))
    return made


def place(made, affine, k):
    """Position, orientation and pixel spacing of slice `k`."""
    steps = affine[:3, :3] * RAS_TO_LPS[:, None]
    spacing = np.linalg.norm(steps, axis=0)
    along_row, along_column, _ = (steps / spacing).T
    made.ImageOrientationPatient = [float(v) for v in (*along_row, *along_column)]
    made.ImagePositionPatient = [float(v) for v in RAS_TO_LPS * (affine @ [0, 0, k, 1])[:3]]
    made.PixelSpacing = [float(spacing[1]), float(spacing[0])]  # between rows, between columns


def set_stored(made, stored, bits=16, signed=True):
    made.Rows, made.Columns = stored.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, bits, bits - 1, int(signed)
    made.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
    made["PixelData"].VR = "OW"


def series(hu, affine, **options):
    """The images of a CT, in order."""
    uid = options.pop("series_uid", None) or generate_uid()
    return [image(plane, affine, k, uid, **options) for k, plane in enumerate(hu)]


def write(folder, images, names=None):
    """Writes each image into `folder`, under its number unless `names` says otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, made in enumerate(images):
        name = names[k] if names else f"1-{k + 1:03}.dcm"
        pydicom.dcmwrite(folder / name, made, enforce_file_format=True)
    return folder


def hu_sha256(hu):
    """What run.json says of these voxels."""
    return hashlib.sha256(np.ascontiguousarray(hu, "<f4").tobytes()).hexdigest()


ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
SHARED = {"PlaneOrientationSequence": ["ImageOrientationPatient"], "PixelMeasuresSequence": ["PixelSpacing"]}
PER_FRAME = {
    "PlanePositionSequence": ["ImagePositionPatient"],
    "PixelValueTransformationSequence": ["RescaleIntercept", "RescaleSlope"],
}


def enhanced(images):
    """One enhanced CT of these images, a frame each, of one orientation and pixel spacing (PS3.3 A.38, C.7.6.16)."""
    first = images[0]
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = first.file_meta.TransferSyntaxUID
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = ENHANCED_CT
    own_uid = generate_uid(entropy_srcs=[image.SOPInstanceUID for image in images])
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = own_uid
    of_images = {keyword for keywords in [*SHARED.values(), *PER_FRAME.values()] for keyword in keywords}
    for element in first:
        if element.keyword not in {"SOPClassUID", "SOPInstanceUID", "PixelData"} | of_images:
            made.add(element)
    made.NumberOfFrames = len(images)
    made.SharedFunctionalGroupsSequence = [_groups(first, SHARED)]
    made.PerFrameFunctionalGroupsSequence = [_groups(image, PER_FRAME) for image in images]
    made.PixelData = b"".join(image.PixelData for image in images)
    made["PixelData"].VR = "OW"
    return made


def _groups(image, macros):
    group = Dataset()
    for sequence, keywords in macros.items():
        macro = Dataset()
        for keyword in keywords:
            setattr(macro, keyword, getattr(image, keyword))
        setattr(group, sequence, [macro])
    return group
