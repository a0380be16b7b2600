"""One run of `sam2lung segment --dicom` on a folder of DICOM files."""

import dataclasses
import json
import re
import subprocess
import time
from pathlib import Path

NAME = re.compile(r"^(E_[A-Z_]+): ", re.MULTILINE)


class Stopped(Exception):
    """The bridge is to end; the run was ended before it was complete."""


class RunError(Exception):
    """Why a run failed: the name of sam2lung's error, without its text, which may quote the CT."""


@dataclasses.dataclass(frozen=True)
class Made:
    path: Path
    instance_uid: str


def run(settings, folder, keep_open, stop):
    """Segments `folder`/ct into `folder`/out/ct, which it returns. The program's own words go into `folder`/log.txt.

    `keep_open` are open files that the program inherits; `stop` is set where the bridge is to end. A result that is
    there already, complete, is left as it is.
    Raises RunError, Stopped.
    """
    result = folder / "out" / "ct"
    if (result / "run.json").exists():
        return result
    words = [settings.program, "segment", folder / "ct", "--output", folder / "out", *settings.options, "--dicom"]
    with open(folder / "log.txt", "w", encoding="utf-8") as to:
        try:
            # In a session of its own: Ctrl-C in a terminal is for the bridge to pass on.
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=to, stderr=to, pass_fds=keep_open, start_new_session=True
            )
        except OSError as error:
            raise RunError(f"sam2lung can't be started ({type(error).__name__})") from error
    status = _wait(process, settings.timeout_s, stop)
    if status:
        names = NAME.findall((folder / "log.txt").read_text(encoding="utf-8", errors="replace"))
        raise RunError(f"{names[0] if names else 'no reason was named'} (status {status})")
    return result


def _wait(process, timeout_s, stop):
    end = time.monotonic() + timeout_s
    try:
        while (status := process.poll()) is None:
            if stop.wait(0.2):
                raise Stopped
            if time.monotonic() > end:
                raise RunError(f"the run took longer than {timeout_s:.0f} s")
        return status
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def objects(result, wanted):
    """The objects of the wanted kinds, in run.json's order: the report behind the outlines that it refers to."""
    listed = json.loads((result / "run.json").read_text(encoding="utf-8"))["dicom"]
    kinds = [re.split(r"[-.]", entry["file"])[0] for entry in listed]
    return [
        Made(result / entry["file"], entry["sop_instance_uid"])
        for entry, kind in zip(listed, kinds, strict=True)
        if kind in wanted
    ]
