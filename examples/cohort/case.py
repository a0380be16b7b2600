"""One CT of the cohort: what a worker does with it. Standard library alone; travel.py takes it to the workers.

    results/NAME/cohort.json   the record: what was asked of which input, how often it was tried, how it ended
    results/NAME/log.txt       what sam2lung said; whoever works on this CT holds the lock of this file
    results/NAME/CT/           the result, written by sam2lung: complete or not there

A case is done where its record says so of this input and of what is asked now, and where the result's run.json is the
one that the record knows. sam2lung inherits the lock: where a worker is killed alone, the next one waits for the run
that goes on, and takes its result.
"""

import dataclasses
import fcntl
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

RECORD, LOG, MANIFEST = "cohort.json", "log.txt", "run.json"
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
# Why a try failed where sam2lung named no error itself.
KILLED, TIMEOUT, UNNAMED, OTHER_PROGRAM = "killed", "timeout", "unnamed", "other-program"
NO_LOCK, INPUT_CHANGED = "no-lock", "input-changed"
# Errors that may be gone at another time or on another node. Any other is the CT's own: trying again changes nothing.
MAY_PASS = {
    *("E_READ", "E_WRITE", "E_OUT_OF_MEMORY", "E_THREADS", "E_RUNTIME", "E_DEVICE", "E_INFERENCE", "E_INTERNAL"),
    *("E_CANCELLED", KILLED, TIMEOUT, UNNAMED, OTHER_PROGRAM, NO_LOCK, INPUT_CHANGED),
}
NAME = re.compile(r"^(E_[A-Z_]+): (.*)", re.MULTILINE)
POLL_S = 0.05


class DamagedRecordError(Exception):
    """Which record can't be understood, and why, in words."""


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    path: str
    """Absolute; what is given to sam2lung."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is run on every CT."""

    program: str
    options: list
    threads: int
    timeout_s: float
    tries: int
    kills: int
    version: str
    """Of sam2lung, as run.json has it."""
    model_sha256: str
    """Of the model's model.json, which names the sha256 of every graph."""

    def same_result(self):
        """What a result depends on besides the CT. Threads aren't in it: they change no bit."""
        return {"options": self.options, "version": self.version, "model_sha256": self.model_sha256}


@dataclasses.dataclass(frozen=True)
class Input:
    """The files of a CT."""

    files: int
    bytes: int
    stat_sha256: str
    """Of names, sizes and times of change."""
    sha256: str
    """Of names and contents; empty where only the above was asked for."""


@dataclasses.dataclass
class Record:
    path: str
    input: Input
    asked: dict
    state: str = WAITING
    tries: int = 0
    """Runs that ended with an error."""
    kills: int = 0
    """Runs that were killed."""
    error: str = ""
    reason: str = ""
    before: dict = dataclasses.field(default_factory=dict)
    """The results that were there when the run began: folder → sha256 of its run.json."""
    result: str = ""
    """The folder of the result."""
    run_sha256: str = ""
    """Of the result's run.json."""
    host: str = ""
    wall_s: float = 0.0
    """How long the program ran, as are the next two."""
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    written_bytes: int = 0

    def outcome(self, name, ran):
        """What the client is told, in plain words. `ran`: whether the program ran for it just now."""
        return {"name": name, "state": self.state, "error": self.error, "tries": self.tries + self.kills, "ran": ran}


def survey(output, cases, asked, contents):
    """The outcomes of those cases that need nothing more; what takes a lock or a run is left out.

    `contents`: read every CT again, in place of trusting sizes and times of change.
    """
    found = []
    for case in cases:
        folder = Path(output) / case.name
        record, _ = read_or_none(folder)
        if not record or (record.path, record.asked) != (case.path, asked.same_result()):
            continue
        now = files_of(case.path, contents)
        same = now.sha256 == record.input.sha256 if contents else now.stat_sha256 == record.input.stat_sha256
        if same and is_ended(record, folder):
            found.append(record.outcome(case.name, ran=False))
    return found


def work(output, case, asked):
    """Brings one case as far as one try does; its outcome. Nothing is run where a result is there.

    A record that is damaged says of no result what it was made from: the case is done anew, and `damaged` of the
    outcome says why.
    """
    folder = Path(output) / case.name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOG, "ab") as log:
        if not take_lock(log, asked.timeout_s):
            return {"name": case.name, "state": WAITING, "error": NO_LOCK, "tries": 0, "ran": False}
        found, damaged = read_or_none(folder)
        record = renewed(found, case, asked)
        if record.state == RUNNING:
            settle(record, folder, asked)
        ran = not is_ended(record, folder)
        if ran:
            record.state, record.before = RUNNING, results_in(folder)
            record.host = socket.gethostname()
            write(folder, record)
            run(record, folder, asked, log)
        write(folder, record)
        return {**record.outcome(case.name, ran), "damaged": damaged}


def again(output, name):
    """Lets a case that failed run again; False where it has no record, or hasn't failed.

    Raises DamagedRecordError: such a case runs again anyway.
    """
    record = read(Path(output) / name)
    if not record or record.state != FAILED:
        return False
    record.state, record.tries, record.kills, record.error, record.reason = WAITING, 0, 0, "", ""
    write(Path(output) / name, record)
    return True


# --- what is there ----------------------------------------------------------------------------------------------------


def renewed(record, case, asked):
    """The record, where it is of this input and of what is asked now; else a new one."""
    if record and (record.path, record.asked) == (case.path, asked.same_result()):
        if files_of(case.path, contents=False).stat_sha256 == record.input.stat_sha256:
            return record
        now = files_of(case.path, contents=True)
        if now.sha256 == record.input.sha256:
            # A copy or a touch changes times and no voxel.
            record.input = now
            return record
    return Record(case.path, files_of(case.path, contents=True), asked.same_result())


def is_ended(record, folder):
    """Whether nothing more is to be done: the result is there, or the case failed for good."""
    return record.state == FAILED or (
        record.state == DONE and results_in(folder).get(record.result) == record.run_sha256
    )


def files_of(path, contents):
    """The files of an input. A header's voxels may lie in a file of the same name beside it (scan.mhd, scan.raw)."""
    path = Path(path)
    if path.is_dir():
        files = sorted(Path(at) / name for at, _, names in os.walk(path) for name in names)
    elif path.suffix.lower() in (".mhd", ".nhdr"):
        files = sorted(one for one in path.parent.glob(f"{path.stem}.*") if one.is_file())
    else:
        files = [path] if path.exists() else []
    stats, hashes, size = hashlib.sha256(), hashlib.sha256(), 0
    for file in files:
        name = str(file.relative_to(path if path.is_dir() else path.parent))
        facts = file.stat()
        stats.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
        size += facts.st_size
        if contents:
            hashes.update(f"{name}\0{sha256_of(file)}\n".encode())
    return Input(len(files), size, stats.hexdigest(), hashes.hexdigest() if contents else "")


def sha256_of(file):
    with open(file, "rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def results_in(folder):
    """The complete results in a case's folder: the folder's name → sha256 of its run.json."""
    return {found.parent.name: sha256_of(found) for found in folder.glob(f"[!.]*/{MANIFEST}")}


def read(folder):
    """The record of a case; None where there is none.

    Raises DamagedRecordError, such as for an empty file, which a full disk or a node that goes may leave.
    """
    try:
        said = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Record(**{**said, "input": Input(**said["input"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedRecordError(f"{folder / RECORD} is damaged: {type(error).__name__}: {error}") from error


def read_or_none(folder):
    """The record of a case, None where there is none or a damaged one; and what is wrong with it, or nothing."""
    try:
        return read(folder), ""
    except DamagedRecordError as error:
        return None, str(error)


def write(folder, record):
    """Puts the record in its place, on the disk, as a whole."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=".record-", delete=False) as to:
        json.dump(dataclasses.asdict(record), to, indent=1)
        to.flush()
        os.fsync(to.fileno())
    os.replace(to.name, folder / RECORD)


# --- a run ------------------------------------------------------------------------------------------------------------


def take_lock(file, wait_s):
    """The lock of an open file; False where someone else keeps it for `wait_s` seconds."""
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(POLL_S)


def settle(record, folder, asked):
    """Ends the record of a run whose worker has gone: the lock is free, so the run has ended, too."""
    if not take_result(record, folder):
        fail(record, asked, KILLED, "the worker and its run were killed")
    write(folder, record)


def take_result(record, folder):
    """Notes the result that wasn't there when the run began; False where there is none."""
    new = [one for one in results_in(folder).items() if one not in record.before.items()]
    if len(new) != 1:
        return False
    record.result, record.run_sha256 = new[0]
    record.written_bytes = sum(file.stat().st_size for file in (folder / record.result).iterdir())
    record.state, record.error, record.reason = DONE, "", ""
    return True


def fail(record, asked, error, reason):
    """Notes why a try failed, and whether there will be another."""
    record.error, record.reason = error, reason
    if error == KILLED:
        record.kills += 1
        ended = record.kills >= asked.kills
    else:
        record.tries += 1
        ended = error not in MAY_PASS or record.tries >= asked.tries
    record.state = FAILED if ended else WAITING


def run(record, folder, asked, log):
    """Runs sam2lung once, and notes how it ended."""
    words = [asked.program, "segment", record.path, "--output", folder, "--threads", str(asked.threads)]
    log.truncate(0)
    try:
        # In a session of its own: Ctrl-C in a terminal is for the client.
        process = subprocess.Popen(
            [*words, *asked.options], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    except OSError as error:
        fail(record, asked, UNNAMED, f"{asked.program} can't be started: {error.strerror}")
        return
    status = wait(process, asked.timeout_s, record)
    if files_of(record.path, contents=False).stat_sha256 != record.input.stat_sha256:
        # What was read may be neither the old nor the new CT.
        fail(record, asked, INPUT_CHANGED, "the input's files changed during the run")
    elif take_result(record, folder):
        check(record, folder, asked)
    elif status is None:
        fail(record, asked, TIMEOUT, f"the run took longer than {asked.timeout_s:g} s")
    elif status == -signal.SIGKILL:
        fail(record, asked, KILLED, "the run was killed: memory may be short")
    else:
        named = NAME.search((folder / LOG).read_text(encoding="utf-8", errors="replace"))
        error, reason = named.groups() if named else (UNNAMED, "sam2lung named no error")
        fail(record, asked, error, f"{reason} (status {status})")


def wait(process, timeout_s, record):
    """The exit status, None where the time ran out and the run was ended. Notes what the run used."""
    begun, timed_out = time.monotonic(), False
    while not (reaped := os.wait4(process.pid, os.WNOHANG))[0]:
        if not timed_out and time.monotonic() > begun + timeout_s:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(POLL_S)
    _, code, used = reaped
    process.returncode = os.waitstatus_to_exitcode(code)
    record.wall_s = round(time.monotonic() - begun, 3)
    record.cpu_s, record.peak_mib = round(used.ru_utime + used.ru_stime, 3), round(used.ru_maxrss / 1024, 1)
    return None if timed_out else process.returncode


def check(record, folder, asked):
    """A node with another sam2lung, or another model of the same name, must not mix its results in."""
    said = json.loads((folder / record.result / MANIFEST).read_text(encoding="utf-8"))
    got = (said["versions"]["sam2lung"], said["model"]["sha256"]["model.json"])
    if got != (asked.version, asked.model_sha256):
        fail(record, asked, OTHER_PROGRAM, f"{record.host} ran sam2lung {got[0]} with model {got[1][:12]}…")
