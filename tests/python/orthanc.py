"""A real Orthanc on loopback, for tests."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def missing():
    """What isn't installed of it; None where all is there."""
    if not program():
        return "Orthanc is not installed (Debian: orthanc)"
    return None if PLUGIN.exists() else f"{PLUGIN} is missing (Debian: orthanc-dicomweb)"


def program():
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Orthanc:
    """One that listens on loopback alone and keeps its files in `folder`."""

    def __init__(self, folder):
        self.http, self.dicom = free_port(), free_port()
        self.web = f"http://127.0.0.1:{self.http}/dicom-web"
        settings = {
            "Name": "test",
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomPort": self.dicom,
            "DicomAlwaysAllowStore": True,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        path = folder / "orthanc.json"
        path.write_text(json.dumps(settings))
        self.log = folder / "orthanc.log"
        with open(self.log, "w") as to:
            self.process = subprocess.Popen([program(), path], stdout=to, stderr=to)
        self._wait()

    def _wait(self):
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                self.get("/system")
                return
            except OSError:
                time.sleep(0.1)
        self.close()
        raise RuntimeError(f"Orthanc doesn't answer:\n{self.log.read_text()[-2000:]}")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
            data = answer.read()
        return json.loads(data) if data[:1] in b"{[" else data

    def empty(self):
        """Removes all that is stored."""
        for study in self.get("/studies"):
            request = urllib.request.Request(f"http://127.0.0.1:{self.http}/studies/{study}", method="DELETE")
            urllib.request.urlopen(request, timeout=10).close()

    def objects(self):
        """The bytes of all that isn't CT, by modality."""
        found = {}
        for series in self.get("/series?expand"):
            modality = series["MainDicomTags"]["Modality"]
            if modality != "CT":
                found.setdefault(modality, []).extend(self.get(f"/instances/{one}/file") for one in series["Instances"])
        return found
