#!/usr/bin/env python3
"""Runs sam2lung over a cohort: thousands of CTs, on this machine, Slurm or Kubernetes, with Dask.

    python cohort.py --config cohort.toml              runs what isn't done yet, then writes the summary
    python cohort.py --config cohort.toml --summary    writes the summary of what is done so far
    python cohort.py --config cohort.toml --again NAME lets a case that failed run again; `--again all`: all of them

Research use only. README.md says how it works. A run that was ended or killed is taken up by running it again.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import heapq
import json
import logging
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time

import case as one_case
import clusters
import distributed
import settings as settings_of
import summary
import travel
import worklist
from case import DONE, FAILED, WAITING, Asked

log = logging.getLogger("cohort")
# How many cases a task looks through for what is done already.
SURVEYED_AT_ONCE = 200
# From how many of the last cases the time that is left is reckoned.
RECKONED_FROM = 200
# What a task fails of before it comes to its CT: scheduler or worker can't load it.
NOT_A_CTS = (ImportError, pickle.UnpicklingError)


class ProgramError(Exception):
    """Why sam2lung, or its model, can't be asked."""


class ClusterError(Exception):
    """Why the cluster can't run what it is given, whatever the CT."""


class Cohort:
    """The cases, and those of them that a cluster is working on."""

    def __init__(self, settings, asked, client, stop):
        self._settings, self._asked, self._client, self._stop = settings, asked, client, stop
        self._cases, self._outcomes = {}, {}
        self._told = queue.Queue()
        self._attempts, self._later = collections.Counter(), []
        self._ends = collections.deque(maxlen=RECKONED_FROM)
        self._running = 0

    def run(self, cases, contents):
        """Runs every case that isn't done; False where it was stopped before the end."""
        self._cases = {case.name: case for case in cases}
        self._survey(cases, contents)
        waiting = collections.deque(case for case in cases if case.name not in self._outcomes)
        log.info("%d CTs: %d are done, %d failed, %d to do", len(cases), *self._count(DONE, FAILED), len(waiting))
        told_at = time.monotonic()
        self._ends.append(told_at)
        while not self._stop.is_set() and (waiting or self._later or self._running):
            while self._later and self._later[0][0] <= time.monotonic():
                waiting.append(self._cases[heapq.heappop(self._later)[1]])
            # As many as keep every worker busy: the list stays here, whatever its length.
            room = 2 * max(self._workers(), self._settings.cluster.workers, 1) - self._running
            for _ in range(min(room, len(waiting))):
                self._submit(waiting.popleft())
            self._take()
            if time.monotonic() - told_at >= self._settings.cluster.progress_s:
                told_at = time.monotonic()
                self._tell(len(waiting))
                self._tell_if_no_worker()
        self._tell(len(waiting))
        return not self._stop.is_set()

    @property
    def failed(self):
        return [outcome for outcome in self._outcomes.values() if outcome["state"] != DONE]

    def _survey(self, cases, contents):
        """Finds what is done already, many cases at a time."""
        parts = [cases[at : at + SURVEYED_AT_ONCE] for at in range(0, len(cases), SURVEYED_AT_ONCE)]
        output = str(self._settings.output)
        looks = {
            self._client.submit(
                travel.packed(one_case, one_case.survey, output, part, self._asked, contents), pure=False, retries=10
            )
            for part in parts
        }
        told_at = time.monotonic()
        while looks and not self._stop.is_set():
            # A wait that ends: where no worker is left nothing ever comes, and Ctrl-C must be heard.
            ended = self._first_of(looks)
            looks -= ended
            for look in ended:
                self._outcomes.update((outcome["name"], outcome) for outcome in self._looked(look))
            if time.monotonic() - told_at >= self._settings.cluster.progress_s:
                told_at = time.monotonic()
                log.info("looked for %d of %d parts, %d workers", len(parts) - len(looks), len(parts), self._workers())
                self._tell_if_no_worker()

    def _first_of(self, looks):
        """Those that have ended, after up to a second."""
        with contextlib.suppress(TimeoutError):
            distributed.wait(list(looks), timeout=1, return_when="FIRST_COMPLETED")
        if self._client.status != "running":
            raise ConnectionError("the scheduler has gone")
        return {look for look in looks if look.done()}

    def _looked(self, look):
        """What a task has found. No CT has been run yet, so that whatever fails here is the cluster's."""
        try:
            return look.result()
        except (OSError, concurrent.futures.CancelledError):
            raise
        except Exception as error:
            raise ClusterError(_named(error)) from error

    def _tell_if_no_worker(self):
        if not self._workers():
            log.warning("no worker: none has come yet, or all have ended (their logs say why); waiting")

    def _submit(self, case):
        self._attempts[case.name] += 1
        self._running += 1
        work = travel.packed(one_case, one_case.work, str(self._settings.output), case, self._asked)
        future = self._client.submit(work, pure=False)
        future.add_done_callback(lambda done, name=case.name: self._told.put((name, done)))

    def _take(self):
        """Takes what workers tell, for up to a second."""
        try:
            name, future = self._told.get(timeout=1)
        except queue.Empty:
            if self._client.status != "running":
                raise ConnectionError("the scheduler has gone")
            return
        self._running -= 1
        try:
            outcome = future.result()
        # One case must not stop the others: a worker that died, a disk that is full, what nobody foresaw.
        except Exception as error:
            if self._client.status != "running":
                raise ConnectionError("the scheduler has gone") from error
            if isinstance(error.__cause__ or error, NOT_A_CTS):
                # Every other CT would fail of it, too, and none of them is to blame.
                raise ClusterError(_named(error)) from error
            killed = isinstance(error, distributed.scheduler.KilledWorker)
            error = one_case.KILLED if killed else type(error).__name__
            outcome = {"name": name, "state": WAITING, "error": error, "tries": self._attempts[name], "ran": True}
        self._settle(outcome)

    def _settle(self, outcome):
        name, error, retry = outcome["name"], outcome["error"], self._settings.retry
        if outcome.get("damaged"):
            log.warning("%s: %s; it was done anew", name, outcome["damaged"])
        if outcome["state"] == WAITING and self._attempts[name] < retry.tries + retry.kills:
            pause_s = retry.pause_s * 2 ** (self._attempts[name] - 1)
            heapq.heappush(self._later, (time.monotonic() + pause_s, name))
            log.warning("%s: %s; it will be tried again in %g s", name, error, pause_s)
            return
        self._outcomes[name] = outcome
        if outcome["ran"]:
            # What was found done took no time: counted, it would make any rate.
            self._ends.append(time.monotonic())
        if outcome["state"] != DONE:
            log.error("%s: FAILED after %d tries: %s. Look into %s", name, outcome["tries"], error, self._log(name))

    def _log(self, name):
        return self._settings.output / name / one_case.LOG

    def _workers(self):
        """How many CTs run at a time."""
        return sum(self._client.nthreads().values())

    def _count(self, *states):
        counted = collections.Counter(outcome["state"] for outcome in self._outcomes.values())
        return [counted[state] for state in states]

    def _rate(self):
        """How many CTs that were run here come to an end per second; 0 where none has yet."""
        took = self._ends[-1] - self._ends[0]
        return (len(self._ends) - 1) / took if took > 0 else 0

    def _tell(self, waiting):
        left = waiting + len(self._later) + self._running
        rate = self._rate()
        log.info(
            "%d of %d done, %d failed, %d to do, %d workers%s",
            self._count(DONE)[0],
            len(self._cases),
            len(self.failed),
            left,
            self._workers(),
            f", {rate * 3600:.0f} CTs an hour, about {_hours(left / rate)} left" if left and rate else "",
        )


def _named(error):
    """An error of a task in words; where Dask wraps one, with what is within."""
    first = " ".join(str(error).split())
    within = f" ({type(error.__cause__).__name__}: {error.__cause__})" if error.__cause__ else ""
    return f"{type(error).__name__}: {first}{within}"


def _hours(seconds):
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def ask(settings):
    """What is to be run on every CT, with the version of the program and the hash of the model, asked of the program.

    Raises ProgramError.
    """
    run, retry = settings.run, settings.retry
    version = _said(run.program, "--version").split()[-1]
    model = next((run.options[n + 1] for n, word in enumerate(run.options[:-1]) if word == "--model"), None)
    model = next((word.split("=", 1)[1] for word in run.options if word.startswith("--model=")), model)
    if model is None:
        sha256 = json.loads(_said(run.program, "model", "list", "--json"))["bundles"][0]["sha256"]
    else:
        sha256 = json.loads(_said(run.program, "model", "verify", model, "--json"))[0]["bundle"]["sha256"]
    return Asked(run.program, run.options, run.threads, run.timeout_s, retry.tries, retry.kills, version, sha256)


def _said(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout
    except OSError as error:
        raise ProgramError(f"run.program {words[0]!r} can't be started: {error.strerror}") from error
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", None) or getattr(error, "stdout", None) or str(error)
        raise ProgramError(f"{' '.join(words)}: {said.strip()}") from error


def let_again(settings, cases, name):
    names = [case.name for case in cases] if name == "all" else [name]
    let = [one for one in names if _let_again(settings.output, one)]
    return 0 if let else f"{name}: no case of this name has failed"


def _let_again(output, name):
    try:
        return one_case.again(output, name)
    except one_case.DamagedRecordError as error:
        log.warning("%s: %s; it will be done anew", name, error)
        return True


def take_lock(settings):
    """The lock of the cohort; None where another client runs it.

    Raises OSError where the file system has no locks: then nothing would keep two workers from one CT.
    """
    lock = open(settings.output / ".lock", "w", encoding="utf-8")
    return lock if one_case.take_lock(lock, wait_s=0) else None


def main():
    words = argparse.ArgumentParser(description="Runs sam2lung over a cohort with Dask. Research use only.")
    words.add_argument("--config", default="cohort.toml", help="the settings (cohort.toml)")
    words.add_argument("--summary", action="store_true", help="write the summary of what is done so far, and end")
    words.add_argument("--again", metavar="NAME", help="let a case that failed run again; 'all': every one")
    words.add_argument("--contents", action="store_true", help="read every CT that is done again: was it changed?")
    said = words.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in ("distributed", "dask_jobqueue"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        settings = settings_of.read(said.config)
        cases = worklist.read(settings.work.list, settings.root)
        settings.output.mkdir(parents=True, exist_ok=True)
        if said.summary:
            print(summary.write(settings.output, cases))
            return 0
        lock = take_lock(settings)
        if lock is None:
            return f"another cohort.py runs {settings.output}"
        if said.again:
            return let_again(settings, cases, said.again)
        asked = ask(settings)
    except (settings_of.SettingsError, worklist.WorkListError, ProgramError) as error:
        return f"{error}"
    except OSError as error:
        return f"{settings.output} can't be locked or written: {error}"
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with clusters.client(settings) as client:
            cohort = Cohort(settings, asked, client, stop)
            ended = cohort.run(cases, said.contents)
    except (OSError, concurrent.futures.CancelledError) as error:
        return f"the cluster: {error or type(error).__name__}; run this again to go on"
    except ClusterError as error:
        return f"the cluster can't run its tasks: {error}. Have its scheduler and workers the packages of the client?"
    if not ended:
        return "ended before all was done; run this again to go on. A CT whose run outlives this counts all the same"
    print(summary.write(settings.output, cases))
    return 1 if cohort.failed else 0


if __name__ == "__main__":
    sys.exit(main())
