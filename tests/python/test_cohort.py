"""examples/cohort on a real local cluster: every CT is run, once, whatever is killed.

SKIPPED where Dask or pyarrow isn't installed. Most runs are of fake_sam2lung.py, which counts starts and finishes; one
is of the real program.
"""

import collections
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import made_ct
import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cohort"
FAKE = Path(__file__).resolve().parent / "fake_sam2lung.py"
MODEL_SHA256 = "ab" * 32


def module(name):
    """One of the example's modules."""
    if str(EXAMPLE) not in sys.path:
        sys.path.append(str(EXAMPLE))
    spec = importlib.util.spec_from_file_location(f"cohort_{name}", EXAMPLE / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def case():
    return module("case")


class Notes:
    """What the runs of the fake program noted."""

    def __init__(self, path):
        self.path = path

    def lines(self, what):
        text = self.path.read_text() if self.path.exists() else ""
        return [line.split() for line in text.splitlines() if line.startswith(what)]

    def count(self, what):
        """How often, by the CT's name."""
        return collections.Counter(Path(line[1]).stem for line in self.lines(what))


@pytest.fixture
def notes(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_NOTES", str(tmp_path / "notes.txt"))
    return Notes(tmp_path / "notes.txt")


@pytest.fixture
def fake(tmp_path):
    """The fake program as one that can be started."""
    program = tmp_path / "sam2lung"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{FAKE}" "$@"\n')
    program.chmod(0o755)
    return program


def write_cts(folder, texts):
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.nii").write_text(text)


# --- one case, without a cluster --------------------------------------------------------------------------------------


@pytest.fixture
def one(case, fake, notes, tmp_path):
    """Brings one CT as far as one try does; its outcome, and its record."""
    write_cts(tmp_path / "cts", {"p1": "nodules 2"})
    tried = case.Case("p1", str(tmp_path / "cts" / "p1.nii"))

    def work(text=None, options=(), **limits):
        if text is not None:
            Path(tried.path).write_text(text)
        usual = {
            "threads": 1,
            "timeout_s": 30,
            "tries": 3,
            "kills": 2,
            "version": "0.3.0",
            "model_sha256": MODEL_SHA256,
        }
        asked = case.Asked(program=str(fake), options=list(options), **{**usual, **limits})
        (tmp_path / "results").mkdir(exist_ok=True)
        return case.work(tmp_path / "results", tried, asked), case.read(tmp_path / "results" / "p1")

    return work


def test_case_that_is_done_is_not_run_again(one, notes):
    outcome, record = one()
    assert (outcome["state"], outcome["ran"], record.result) == ("done", True, "p1")
    assert (record.input.files, record.input.bytes, record.tries) == (1, 9, 0) and record.peak_mib > 1
    outcome, _ = one()
    assert (outcome["state"], outcome["ran"]) == ("done", False) and notes.count("start") == {"p1": 1}


def test_case_is_run_again_where_input_options_version_or_model_differ(one, notes, monkeypatch, tmp_path):
    one()
    os.utime(tmp_path / "cts" / "p1.nii", (1, 1))
    assert not one()[0]["ran"], "a touch changes no voxel"
    assert one("nodules 3")[0]["ran"] and not one()[0]["ran"]
    assert one(options=["--seed", "1"])[0]["ran"] and one()[0]["ran"]
    monkeypatch.setenv("FAKE_VERSION", "0.4.0")
    assert one(version="0.4.0")[0]["ran"]
    assert notes.count("finish") == {"p1": 5}


def test_case_whose_result_was_removed_or_exchanged_is_run_again(one, notes, tmp_path):
    one()
    manifest = tmp_path / "results" / "p1" / "p1" / "run.json"
    manifest.write_text(manifest.read_text() + " ")
    assert one()[0]["ran"]
    manifest.unlink()
    assert one()[0]["ran"] and notes.count("finish") == {"p1": 3}


def test_case_with_an_error_of_its_own_is_tried_once_and_one_that_may_pass_is_tried_again(one, notes):
    outcome, record = one("E_NOT_HU")
    assert (outcome["state"], outcome["error"]) == ("failed", "E_NOT_HU")
    assert record.reason.endswith("p1.nii: told by the test (status 1)")
    assert not one()[0]["ran"] and notes.count("start") == {"p1": 1}
    outcomes = [one("E_WRITE")[0] for _ in range(4)]
    assert [outcome["state"] for outcome in outcomes] == ["waiting", "waiting", "failed", "failed"]
    assert {outcome["error"] for outcome in outcomes} == {"E_WRITE"} and notes.count("start") == {"p1": 4}
    assert one("exit 3")[1].error == "unnamed"
    # What was the matter has gone: the next try is the last one's end.
    outcome, record = one("nodules 1")
    assert (outcome["state"], record.error, record.tries) == ("done", "", 0)


def test_case_that_fails_may_be_let_run_again(case, one, tmp_path):
    one("E_NOT_HU")
    assert case.again(tmp_path / "results", "p1") and not case.again(tmp_path / "results", "p2")
    assert one()[0]["ran"]
    one("nodules 1")
    assert not case.again(tmp_path / "results", "p1"), "it is done"


def test_case_whose_run_is_killed_has_a_limit_of_its_own(one, notes):
    assert [one("kill")[0]["state"] for _ in range(3)] == ["waiting", "failed", "failed"]
    assert one()[1].error == "killed" and notes.count("start") == {"p1": 2}


def test_case_that_takes_too_long_is_ended(one, notes):
    outcome, record = one("hang", timeout_s=0.5)
    assert (outcome["state"], outcome["error"], record.tries) == ("waiting", "timeout", 1)
    ((_, _, pid, _),) = notes.lines("start")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_case_of_another_program_on_the_worker_is_no_result(one, monkeypatch):
    monkeypatch.setenv("FAKE_VERSION", "0.2.0")
    outcome, record = one()
    assert (outcome["state"], outcome["error"]) == ("waiting", "other-program")
    assert "sam2lung 0.2.0" in record.reason
    monkeypatch.delenv("FAKE_VERSION")
    assert one()[0]["state"] == "done"


def test_case_whose_input_changes_during_the_run_is_no_result(case, one, monkeypatch, tmp_path):
    result = case.take_result

    def change(record, folder):
        raise AssertionError("a result of an input that changed was taken")

    waited = case.wait

    def wait(*words):
        (tmp_path / "cts" / "p1.nii").write_text("nodules 7")
        return waited(*words)

    monkeypatch.setattr(case, "wait", wait)
    monkeypatch.setattr(case, "take_result", change)
    assert one()[0]["error"] == "input-changed"
    monkeypatch.setattr(case, "wait", waited)
    monkeypatch.setattr(case, "take_result", result)
    assert one()[0]["state"] == "done"


def test_survey_finds_what_is_ended_and_reads_contents_when_asked(case, one, fake, tmp_path):
    one()
    path = tmp_path / "cts" / "p1.nii"
    asked = case.Asked(str(fake), [], 1, 30, 3, 2, "0.3.0", MODEL_SHA256)
    cases = [case.Case("p1", str(path)), case.Case("p2", str(path))]

    def looked(contents):
        return [outcome["name"] for outcome in case.survey(tmp_path / "results", cases, asked, contents)]

    assert looked(False) == looked(True) == ["p1"]
    # Another content behind the same size and time: only reading shows it.
    times = path.stat()
    path.write_text("nodules 9")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert looked(False) == ["p1"] and looked(True) == []


def test_files_of_a_header_include_its_voxels(case, tmp_path):
    for name in ("scan.mhd", "scan.raw", "scan2.raw"):
        (tmp_path / name).write_text(name)
    assert case.files_of(tmp_path / "scan.mhd", contents=True).files == 2
    (tmp_path / "ct" / "deep").mkdir(parents=True)
    (tmp_path / "ct" / "deep" / "1.dcm").write_text("1")
    before = case.files_of(tmp_path / "ct", contents=True)
    (tmp_path / "ct" / "deep" / "1.dcm").rename(tmp_path / "ct" / "1.dcm")
    after = case.files_of(tmp_path / "ct", contents=True)
    assert before.files == after.files == 1 and before.sha256 != after.sha256
    assert case.files_of(tmp_path / "none", contents=True).files == 0


# --- list and settings ------------------------------------------------------------------------------------------------


def test_work_list_of_folder_pattern_and_csv_names_every_ct(tmp_path):
    worklist = module("worklist")
    for place in ("cts/p1/1.dcm", "cts/p2.nii.gz", "cts/notes.txt", "cts/.hidden/1.dcm", "a/x/ct.nii", "a/y/ct.nii"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")

    def read(said):
        return {one.name: os.path.relpath(one.path, tmp_path) for one in worklist.read(said, tmp_path)}

    assert read("cts") == {"p1": "cts/p1", "p2": "cts/p2.nii.gz"}
    assert read("a/*/ct.nii") == {"x-ct": "a/x/ct.nii", "y-ct": "a/y/ct.nii"}
    (tmp_path / "list.csv").write_text("name,path\nfirst,a/x/ct.nii\n,cts/p1\n")
    assert read("list.csv") == {"first": "a/x/ct.nii", "cts-p1": "cts/p1"}


WRONG_LISTS = {
    "nothing": ("none", "is no folder, no CSV file and no pattern"),
    "empty": ("empty", "names no CT"),
    "column": ("column.csv", "expected path"),
    "row": ("row.csv", "a row without a path"),
    "twice": ("twice.csv", "are both named 'a'"),
    "name": ("name.csv", "expected one that can be a folder's"),
}


@pytest.mark.parametrize("said, words", WRONG_LISTS.values(), ids=WRONG_LISTS)
def test_work_list_that_can_not_be_is_refused(tmp_path, said, words):
    worklist = module("worklist")
    (tmp_path / "empty").mkdir()
    texts = {
        "column": "file\na\n",
        "row": "path,name\n,a\n",
        "twice": "path,name\nx,a\ny,a\n",
        "name": "path,name\nx,../a\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    with pytest.raises(worklist.WorkListError) as refused:
        worklist.read(said, tmp_path)
    assert words in str(refused.value)


WRONG = {
    "table": ("[jobs]\n", "[jobs] is unknown"),
    "key": ("[work]\nlist = 'a'\nfolder = 'b'\n", "work.folder is unknown; expected list, output"),
    "missing": ("[run]\n", "list"),
    "empty": ("[work]\nlist = ''\n", "work.list or work.output is empty"),
    "type": ("[work]\nlist = 'a'\n[run]\nthreads = 'two'\n", "run.threads is 'two'; expected int"),
    "negative": ("[work]\nlist = 'a'\n[retry]\npause_s = -1\n", "expected 0 or more"),
    "tries": ("[work]\nlist = 'a'\n[retry]\ntries = 0\n", "retry.tries is 0; expected 1 or more"),
    "program": ("[work]\nlist = 'a'\n[run]\nprogram = ''\n", "run.program is empty"),
    "option": ("[work]\nlist = 'a'\n[run]\noptions = ['--output=x']\n", "'--output=x', which belongs to one CT"),
    "mask": ("[work]\nlist = 'a'\n[run]\noptions = ['--lung-mask', 'm.nii']\n", "expected auto or off"),
    "cluster": ("[work]\nlist = 'a'\n[cluster]\nkind = 'sge'\n", "expected one of local, slurm"),
    "address": ("[work]\nlist = 'a'\n[cluster]\nkind = 'scheduler'\n", "cluster.address is needed"),
    "workers": ("[work]\nlist = 'a'\n[cluster]\nkind = 'slurm'\n", "cluster.workers is 0"),
    "toml": ("[work\n", "can't be read"),
}


@pytest.mark.parametrize("text, words", WRONG.values(), ids=WRONG)
def test_settings_that_can_not_be_are_refused_by_name(tmp_path, text, words):
    settings = module("settings")
    (tmp_path / "cohort.toml").write_text(text)
    with pytest.raises(settings.SettingsError) as refused:
        settings.read(tmp_path / "cohort.toml")
    assert words in str(refused.value)


def test_settings_that_come_with_the_example_are_right():
    read = module("settings").read(EXAMPLE / "cohort.toml")
    assert read.output == EXAMPLE / "results" and read.cluster.kind == "local"


# --- the client, without a cluster ------------------------------------------------------------------------------------


def test_rate_counts_only_cts_that_were_run_and_ended():
    pytest.importorskip("pyarrow", reason="SKIPPED: pyarrow is not installed")
    pytest.importorskip("distributed", reason="SKIPPED: distributed is not installed")
    settings = module("settings").read(EXAMPLE / "cohort.toml")
    cohort = module("cohort").Cohort(settings, None, None, None)
    cohort._ends.append(time.monotonic() - 10)

    def settle(name, state, ran):
        cohort._settle({"name": name, "state": state, "error": "", "tries": 1, "ran": ran})

    for n in range(50):
        settle(f"found{n}", "done", ran=False)
    settle("again", "waiting", ran=True)
    assert cohort._rate() == 0
    settle("p1", "done", ran=True)
    settle("p2", "failed", ran=True)
    assert 0.15 < cohort._rate() <= 0.2


# --- on a local cluster -----------------------------------------------------------------------------------------------


class Client:
    """cohort.py as a process of its own, with a local cluster."""

    def __init__(self, folder, program, options=(), workers=2, cluster=""):
        for name in ("distributed", "pyarrow"):
            pytest.importorskip(name, reason=f"SKIPPED: {name} is not installed (examples/cohort/requirements.txt)")
        self.folder, self.process = folder, None
        self.config = folder / "cohort.toml"
        self.config.write_text(
            f"[work]\nlist = 'cts'\n[run]\nprogram = '{program}'\noptions = {json.dumps(list(options))}\nthreads = 1\n"
            f"[retry]\nkills = 2\npause_s = 0.2\n[cluster]\nworkers = {workers}\nprogress_s = 1\n{cluster}"
        )

    def start(self):
        with open(self.folder / "cohort.log", "a") as to:
            self.process = subprocess.Popen(self._words(), stdout=to, stderr=to)
        return self

    def _words(self, *words):
        return [sys.executable, str(EXAMPLE / "cohort.py"), "--config", str(self.config), *words]

    def ask(self, *words):
        """Runs it to its end; the finished process with its text."""
        return subprocess.run(self._words(*words), capture_output=True, text=True, timeout=120)

    def wait_for(self, there, what):
        end = time.monotonic() + 60
        while not there():
            assert time.monotonic() < end and self.process.poll() is None, f"no {what}:\n{self.log}"
            time.sleep(0.02)

    def wait(self):
        return self.process.wait(timeout=120)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def log(self):
        return (self.folder / "cohort.log").read_text()

    def table(self, name):
        import pyarrow.parquet

        return pyarrow.parquet.read_table(self.folder / "results" / f"{name}.parquet")


@pytest.fixture
def client(tmp_path, fake, notes):
    made = []

    def make(**options):
        made.append(Client(tmp_path, **{"program": fake, **options}))
        return made[-1]

    yield make
    for one in made:
        if one.process and one.process.poll() is None:
            one.kill()


def test_cohort_loses_nothing_and_does_nothing_twice_whatever_is_killed(client, notes, monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_NAP_S", "0.4")
    names = [f"p{n:02}" for n in range(40)]
    write_cts(tmp_path / "cts", {name: f"nodules {n % 3}" for n, name in enumerate(names)})
    running = client(workers=4).start()
    running.wait_for(lambda: len(notes.lines("finish")) >= 6, "finishes")
    # The parents of runs are workers. Two of them go, in mid-run.
    workers = list(dict.fromkeys(int(parent) for *_, parent in notes.lines("start")))
    assert len(workers) == 4
    for worker in workers[:2]:
        os.kill(worker, signal.SIGKILL)
    running.wait_for(lambda: {int(line[-1]) for line in notes.lines("start")} - set(workers), "new worker")
    running.wait_for(lambda: len(notes.lines("finish")) >= 20, "finishes")
    # Client and scheduler are one process here.
    running.kill()
    assert len(notes.lines("finish")) < 40
    assert running.start().wait() == 0, running.log
    once = collections.Counter(names)
    assert notes.count("start") == once and notes.count("finish") == once
    cts = running.table("cts")
    assert cts["name"].to_pylist() == names and set(cts["state"].to_pylist()) == {"done"}
    assert cts["nodules"].to_pylist() == [n % 3 for n in range(40)]
    assert running.table("nodules").num_rows == sum(n % 3 for n in range(40))
    # And once more: nothing is to do.
    done = running.ask()
    assert done.returncode == 0 and "40 CTs: 40 are done, 0 failed, 0 to do" in done.stderr
    assert notes.count("start") == once


def test_cohort_runs_and_worker_killed_together_run_again(client, notes, monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_NAP_S", "1")
    write_cts(tmp_path / "cts", {f"p{n}": "nodules 1" for n in range(6)})
    running = client().start()
    running.wait_for(lambda: len(notes.lines("start")) >= 2, "starts")
    _, path, run, worker = notes.lines("start")[0]
    os.kill(int(worker), signal.SIGKILL)
    os.kill(int(run), signal.SIGKILL)
    assert running.wait() == 0, running.log
    killed = Path(path).stem
    assert notes.count("finish") == {f"p{n}": 1 for n in range(6)}
    assert {name for name, count in notes.count("start").items() if count == 2} == {killed}
    cts = {row["name"]: row for row in running.table("cts").to_pylist()}
    assert cts[killed]["kills"] == 1 and sum(row["kills"] for row in cts.values()) == 1


def test_cohort_failures_are_told_by_name_and_others_go_on(client, notes, tmp_path):
    wrong = {"hu": "E_NOT_HU", "full": "E_WRITE", "kill": "kill", "other": "exit 3"}
    write_cts(tmp_path / "cts", {**wrong, **{f"p{n}": f"nodules {n}" for n in range(4)}})
    running = client().start()
    assert running.wait() == 1
    assert notes.count("finish") == {f"p{n}": 1 for n in range(4)}
    assert {name: notes.count("start")[name] for name in wrong} == {"hu": 1, "full": 3, "kill": 2, "other": 3}
    for words in ("8 CTs: 4 done, 4 failed, 0 not ended", "  E_NOT_HU: 1", "  killed: 1", "6 nodules, 3 to review"):
        assert words in running.log
    cts = {row["name"]: row for row in running.table("cts").to_pylist()}
    assert cts["hu"]["error"] == "E_NOT_HU" and cts["hu"]["nodules"] is None and cts["p3"]["nodules"] == 3
    assert cts["p3"]["warnings"] == ["W_THICK_SLICES"] and cts["full"]["tries"] == 3
    nodules = running.table("nodules").to_pylist()
    assert [(row["ct"], row["id"]) for row in nodules[:3]] == [("p1", 1), ("p2", 1), ("p2", 2)]
    assert nodules[0]["volume_mm3"] == 100.0 and nodules[2]["volume_mm3"] == 100.5 and nodules[0]["review"]
    # What failed waits for a person.
    (tmp_path / "cts" / "hu.nii").write_text("E_NOT_HU")
    assert running.ask().returncode == 1 and notes.count("start")["hu"] == 1
    assert running.ask("--again", "hu").returncode == 0 and running.ask("--again", "p1").returncode == 1
    assert running.ask().returncode == 1 and notes.count("start")["hu"] == 2


def test_cohort_does_a_ct_with_a_damaged_record_anew_and_names_the_record(client, notes, tmp_path):
    damage = {"p1": b"", "p2": b'{"path": "cut', "p3": b"[]", "p4": b"\xff\xfe", "p5": b"{}"}
    write_cts(tmp_path / "cts", {**dict.fromkeys(damage, "nodules 1"), "p6": "nodules 1"})
    running = client()
    assert running.ask().returncode == 0
    records = {name: tmp_path / "results" / name / "cohort.json" for name in damage}
    for name, content in damage.items():
        records[name].write_bytes(content)
    said = running.ask("--summary")
    assert said.returncode == 0 and "6 CTs: 1 done, 0 failed, 5 not ended" in said.stdout, said.stderr
    assert all(f"  {name} has not ended: {record} is damaged" in said.stdout for name, record in records.items())
    for name in ("p1", "all"):
        said = running.ask("--again", name)
        assert said.returncode == 0 and f"{records['p1']} is damaged" in said.stderr, said.stderr
    done = running.ask()
    assert done.returncode == 0 and "6 CTs: 6 done" in done.stdout, done.stderr
    assert all(f"{name}: {record} is damaged" in done.stderr for name, record in records.items())
    assert notes.count("finish") == {**dict.fromkeys(damage, 2), "p6": 1}


def test_cohort_that_is_ended_goes_on_when_it_is_run_again(client, notes, monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_NAP_S", "0.5")
    write_cts(tmp_path / "cts", {f"p{n:02}": "nodules 1" for n in range(16)})
    running = client().start()
    running.wait_for(lambda: len(notes.lines("start")) >= 5, "starts")
    running.process.terminate()
    assert running.wait() == 1 and "run this again to go on" in running.log
    assert len(notes.lines("start")) < 16
    assert running.ask("--summary").stdout.startswith("16 CTs: ")
    assert running.start().wait() == 0, running.log
    assert notes.count("start") == notes.count("finish") == {f"p{n:02}": 1 for n in range(16)}


def test_cohort_that_another_client_runs_is_left_alone(client, case, tmp_path):
    write_cts(tmp_path / "cts", {"p1": "nodules 1"})
    (tmp_path / "results").mkdir()
    with open(tmp_path / "results" / ".lock", "w") as lock:
        assert case.take_lock(lock, wait_s=0)
        done = client().ask()
    assert done.returncode == 1 and "another cohort.py runs" in done.stderr
    assert client().ask().returncode == 0


@pytest.fixture
def scheduler(tmp_path, fake):
    """A scheduler and a worker as `dask` starts them, in another folder and with none of the example's files.

    The scheduler's address, and what starts one more process of `dask`.
    """
    pytest.importorskip("distributed", reason="SKIPPED: distributed is not installed")
    far = tmp_path / "far"
    far.mkdir()
    made = []

    def start(kind, *words):
        surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        words = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
        with open(far / f"{kind}.log", "a") as to:
            made.append(subprocess.Popen(words, cwd=far, env=surroundings, stdout=to, stderr=to))
        return made[-1]

    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "scheduler.json")
    end = time.monotonic() + 20
    while not (far / "scheduler.json").exists():
        assert time.monotonic() < end, (far / "scheduler.log").read_text()
        time.sleep(0.05)
    yield json.loads((far / "scheduler.json").read_text())["address"], start
    for one in made:
        one.kill()
        one.wait()


def test_cohort_under_a_scheduler_that_has_none_of_its_files_runs_also_on_workers_that_join(
    client, scheduler, notes, monkeypatch, tmp_path
):
    address, start = scheduler
    monkeypatch.setenv("FAKE_NAP_S", "0.5")
    start("worker", address, "--nthreads", "1", "--no-nanny")
    write_cts(tmp_path / "cts", {f"p{n}": "nodules 1" for n in range(6)})
    running = client(workers=0, cluster=f"kind = 'scheduler'\naddress = '{address}'\n").start()
    running.wait_for(lambda: notes.lines("start"), "starts")
    start("worker", address, "--nthreads", "1", "--no-nanny")
    assert running.wait() == 0, running.log
    assert notes.count("finish") == {f"p{n}": 1 for n in range(6)}
    assert len({parent for *_, parent in notes.lines("start")}) == 2, "the worker that joined ran none"


def test_cohort_without_a_worker_says_so_and_can_be_ended(client, scheduler, tmp_path):
    write_cts(tmp_path / "cts", {"p1": "nodules 1"})
    running = client(cluster=f"kind = 'scheduler'\naddress = '{scheduler[0]}'\n").start()
    running.wait_for(lambda: "no worker: " in running.log, "warning")
    running.process.terminate()
    assert running.wait() == 1 and "run this again to go on" in running.log


def test_task_that_a_worker_can_not_load_ends_the_client_by_name(client, scheduler, tmp_path):
    """A module that only the client has: what survey and work need of it, no worker finds."""
    write_cts(tmp_path / "cts", {"p1": "nodules 1"})
    address, start = scheduler
    start("worker", address, "--nthreads", "1", "--no-nanny")
    running = client(workers=0, cluster=f"kind = 'scheduler'\naddress = '{address}'\n")
    (tmp_path / "only_here.py").write_text("def survey(*_):\n    return []\n\n\ndef work(*_):\n    return {}\n")
    for replaced in ("survey", "work"):
        # By name, as every function is sent that a client can import.
        code = (
            f"import runpy, sys; sys.path[:0] = [{str(tmp_path)!r}, {str(EXAMPLE)!r}]\n"
            f"import case, only_here; case.{replaced} = only_here.{replaced}\n"
            f"sys.argv = ['cohort.py', '--config', {str(running.config)!r}]\n"
            f"if __name__ == '__main__': runpy.run_path({str(EXAMPLE / 'cohort.py')!r}, run_name='__main__')\n"
        )
        (tmp_path / "main.py").write_text(code)
        done = subprocess.run([sys.executable, tmp_path / "main.py"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "the cluster can't run its tasks: ImportError: " in done.stderr, done.stderr
        assert "No module named 'only_here'" in done.stderr and "Traceback" not in done.stderr


def test_cohort_with_no_program_says_so(client, tmp_path):
    write_cts(tmp_path / "cts", {"p1": "nodules 1"})
    done = client(program=tmp_path / "none").ask()
    assert done.returncode == 1 and "can't be started: No such file" in done.stderr


def test_cohort_with_the_real_program_has_every_measure_in_its_tables(client, sam2lung, bundles, tmp_path):
    """Two CTs of the tiny bundle, of one nodule and of two, and one that isn't a CT in HU."""
    (tmp_path / "cts").mkdir()
    hu = np.full((6, 48, 64), -850)
    hu[:, :, 22:] = -750
    hu[2:4, 10:18, 10:18] = 50
    made_ct.write(tmp_path / "cts" / "one.nii.gz", hu)
    hu[2:4, 30:38, 40:48] = 50
    made_ct.write(tmp_path / "cts" / "two.nii.gz", hu)
    made_ct.write(tmp_path / "cts" / "wrong.nii.gz", np.full((6, 48, 64), 7))
    options = ["--model", str(bundles / "tiny-identity"), "--lung-mask", "off", "--samples", "2", "--device", "cpu"]
    running = client(program=sam2lung.path, options=options).start()
    assert running.wait() == 1
    cts = {row["name"]: row for row in running.table("cts").to_pylist()}
    assert {name: (row["state"], row["error"]) for name, row in cts.items()} == {
        "one": ("done", ""),
        "two": ("done", ""),
        "wrong": ("failed", "E_NOT_HU"),
    }
    said = {
        name: json.loads((tmp_path / "results" / name / name / "nodules.json").read_text()) for name in ("one", "two")
    }
    told = running.table("nodules").to_pylist()
    assert [(row["ct"], row["id"]) for row in told] == [("one", 1), ("two", 1), ("two", 2)]
    for row, nodule in zip(told, [*said["one"], *said["two"]], strict=True):
        assert set(row) == {"ct", *nodule} and row["centroid_ijk"] == nodule["centroid_ijk"]
        assert all(row[measure] == value for measure, value in nodule.items() if isinstance(value, float))
    assert cts["one"]["samples"] == 2 and cts["one"]["written_bytes"] > 1000 and cts["one"]["cpu_s"] > 0
    done = running.ask()
    assert "3 CTs: 2 are done, 1 failed, 0 to do" in done.stderr
    words = [EXAMPLE / "cost.py", tmp_path / "results" / "cts.parquet", "--cts", "7200", "--wall-s", "20"]
    cost = subprocess.run([sys.executable, *words, "--core-hour", "0.5"], capture_output=True, text=True)
    assert cost.returncode == 0, cost.stderr
    assert cost.stdout.startswith("mean of 2 CTs: ") and "  80 core hours, 40 of money\n" in cost.stdout
    assert "  50 at a time: 0.8 h; a second " in cost.stdout
