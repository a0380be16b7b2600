"""The archive: CTs are found (QIDO-RS) and fetched (WADO-RS) there, and objects sent to it (STOW-RS or C-STORE)."""

import datetime
import re

import dicomweb_client
import pydicom
import pynetdicom
import requests
from dicomweb_client import session_utils

# Status 0 is success; those of class B are warnings: the object was stored (PS3.7 C.1).
STORED, WARNING = 0x0000, 0xB000
COUNT, SERIES, STUDY = "00201209", "0020000E", "0020000D"
UID = re.compile(r"[0-9]+(\.[0-9]+)+")


class ArchiveError(Exception):
    """What the archive didn't do, in words that name nobody."""


class Archive:
    def __init__(self, archive, send):
        self._settings, self._send = archive, send
        session = session_utils.create_session()
        if archive.user:
            session = session_utils.create_session_from_user_pass(archive.user, archive.password())
        self._web = dicomweb_client.DICOMwebClient(archive.dicomweb, session=session, timeout=archive.timeout_s)
        # The queue has pauses and tries of its own.
        self._web.set_http_retry_params(retry=False)

    def series(self):
        """Series UID, study UID and number of images of each CT series whose UIDs are some.

        Raises ArchiveError.
        """
        wanted = {"Modality": "CT"}
        if self._settings.newest_days:
            first = datetime.date.today() - datetime.timedelta(days=self._settings.newest_days)
            wanted["StudyDate"] = f"{first:%Y%m%d}-"
        fields = ["StudyInstanceUID", "NumberOfSeriesRelatedInstances"]
        found = self._ask(
            "look for series", self._web.search_for_series, search_filters=wanted, fields=fields, get_remaining=True
        )
        if any(_value(one, COUNT) is None for one in found):
            raise ArchiveError("the archive doesn't say how many images a series has (0020,1209)")
        # A series' UID names a folder here.
        found = [
            one for one in found if UID.fullmatch(_value(one, SERIES) or "") and UID.fullmatch(_value(one, STUDY) or "")
        ]
        return [(_value(one, SERIES), _value(one, STUDY), int(_value(one, COUNT))) for one in found]

    def fetch(self, study_uid, series_uid, folder):
        """Writes the images of a series into an empty folder, as they are stored; how many files, and how many slices.

        A slice is an image or a frame of one; localizers don't count.
        """
        images = self._ask(
            "fetch a series", self._web.iter_series, study_uid, series_uid, media_types=(("application/dicom", "*"),)
        )
        files = slices = 0
        for image in _each(images):
            files += 1
            image.save_as(folder / f"{files:06}.dcm")
            if "LOCALIZER" not in image.get("ImageType", []):
                slices += int(image.get("NumberOfFrames", 1) or 1)
        return files, slices

    def has(self, study_uid, instance_uid):
        """Whether an object is stored already."""
        wanted = {"SOPInstanceUID": instance_uid}
        return bool(self._ask("look for an object", self._web.search_for_instances, study_uid, search_filters=wanted))

    def store(self, path):
        """Sends an object.

        Raises ArchiveError where it wasn't stored.
        """
        made = pydicom.dcmread(path)
        if self._send.by == "cstore":
            self._c_store(made)
        else:
            answer = self._ask("store an object", self._web.store_instances, [made])
            if answer is not None and answer.get("FailedSOPSequence"):
                raise ArchiveError("the archive refused an object (STOW-RS)")

    def _c_store(self, made):
        send = self._send
        node = pynetdicom.AE(ae_title=send.calling_ae)
        node.acse_timeout = node.dimse_timeout = node.network_timeout = self._settings.timeout_s
        node.add_requested_context(made.SOPClassUID, made.file_meta.TransferSyntaxUID)
        link = node.associate(send.host, send.port, ae_title=send.called_ae)
        if not link.is_established:
            raise ArchiveError(f"{send.called_ae} at {send.host}:{send.port} takes no association (C-STORE)")
        try:
            status = link.send_c_store(made).get("Status") if link.accepted_contexts else None
        finally:
            link.release()
        if status != STORED and (status is None or status & 0xF000 != WARNING):
            told = "no status" if status is None else f"status {status:#06x}"
            raise ArchiveError(f"{send.called_ae} refused an object (C-STORE: {told})")

    @staticmethod
    def _ask(what, call, *words, **options):
        try:
            return call(*words, **options)
        except (requests.RequestException, ValueError) as error:  # ValueError: an answer that is no JSON, no DICOM.
            raise ArchiveError(_words(what, error)) from error


def _each(images):
    """The images one by one; what breaks off in between is an ArchiveError, too."""
    try:
        yield from images
    except (requests.RequestException, pydicom.errors.InvalidDicomError) as error:
        raise ArchiveError(_words("fetch a series", error)) from error


def _words(what, error):
    # The text of an error may quote an answer, and that a patient: its class and status are enough.
    answer = getattr(error, "response", None)
    status = f", HTTP status {answer.status_code}" if answer is not None else ""
    return f"the archive didn't {what} ({type(error).__name__}{status})"


def _value(found, tag):
    values = found.get(tag, {}).get("Value", [])
    return values[0] if values else None
