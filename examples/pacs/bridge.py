#!/usr/bin/env python3
"""A bridge between an archive and sam2lung: a CT that arrives is segmented, and SEG, SR and capture go back.

    python bridge.py --config bridge.toml                     goes on until it is ended
    python bridge.py --config bridge.toml --list              what the queue holds
    python bridge.py --config bridge.toml --again SERIES_UID  lets a series run again

Research use only. README.md says how it works. The log names series by their UIDs and no patients.
"""

import argparse
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings

import segment
import settings as settings_of
from archive import Archive, ArchiveError
from jobs import ASIDE, DONE, Jobs

log = logging.getLogger("bridge")


class Bridge:
    def __init__(self, settings, jobs, lock, stop):
        self._settings, self._jobs, self._lock, self._stop = settings, jobs, lock, stop
        self._archive = Archive(settings.archive, settings.send)

    def recover(self):
        """What a killed bridge left running waits for its turn again; what it left of jobs that are done is removed."""
        ended = {job.series_uid for job in self._jobs.all() if job.state in (DONE, ASIDE)}
        for folder in self._settings.folder.iterdir():
            if folder.name in ended:
                shutil.rmtree(folder, ignore_errors=True)
        for job in self._jobs.recover():
            log.warning("series %s: it was running when the bridge ended", job.series_uid)
            self._failed(job, "the bridge ended during the run", pause_s=0)

    def step(self):
        """Asks the archive, and does one job; none while the archive doesn't answer. True where there was one."""
        try:
            self._look()
        except ArchiveError as error:
            log.error("%s", error)
            return False
        self._jobs.settle(time.time(), self._settings.queue.settle_s)
        job = self._jobs.begin(time.time())
        if job is None:
            return False
        log.info("series %s: begins, try %d, %d images", job.series_uid, job.tries, job.images)
        start = time.monotonic()
        try:
            state, told = self._do(job)
        except segment.Stopped:
            self._jobs.put_back(job)
        except (ArchiveError, segment.RunError) as error:
            self._failed(job, str(error))
        except OSError as error:
            self._failed(job, f"{type(error).__name__}: {error.strerror}")
        # One series must not stop the others; the text of what nobody foresaw may name a patient.
        except Exception as error:
            self._failed(job, f"unforeseen {type(error).__name__}")
        else:
            self._jobs.finish(job.series_uid, state, told)
            log.info("series %s: %s: %s, after %.0f s", job.series_uid, state, told, time.monotonic() - start)
            shutil.rmtree(self._folder(job), ignore_errors=True)
        return True

    def _look(self):
        for series_uid, study_uid, images in self._archive.series():
            if self._jobs.observe(series_uid, study_uid, images, time.time()):
                log.info("series %s: %d images", series_uid, images)
                shutil.rmtree(self._settings.folder / series_uid, ignore_errors=True)

    def _do(self, job):
        """Fetches, runs and sends; the state that the job ends in, and what is told of it."""
        folder = self._folder(job)
        # Only complete results are kept from an earlier try: sam2lung writes them whole or not at all.
        if not (folder / "out" / "ct" / "run.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "ct").mkdir(parents=True)
            files, slices = self._archive.fetch(job.study_uid, job.series_uid, folder / "ct")
            if files != job.images:
                raise ArchiveError(
                    f"the archive gave {files} images of a series of {job.images}: it may still be arriving"
                )
            if slices < self._settings.queue.fewest_images:
                return ASIDE, f"{slices} slices"
        result = segment.run(self._settings.run, folder, [self._lock.fileno()], self._stop)
        shutil.rmtree(folder / "ct", ignore_errors=True)
        sent = there = 0
        for made in segment.objects(result, self._settings.send.objects):
            # UIDs are made from the run: an object that is there is this one.
            if self._archive.has(job.study_uid, made.instance_uid):
                there += 1
            else:
                self._archive.store(made.path)
                sent += 1
        return DONE, f"{sent} objects sent, {there} were there"

    def _failed(self, job, reason, pause_s=None):
        queue = self._settings.queue
        pause_s = queue.pause_s if pause_s is None else pause_s
        if self._jobs.fail(job, reason, time.time(), queue.tries, pause_s):
            log.warning("series %s: %s; it will be tried again", job.series_uid, reason)
            return
        log.error(
            "series %s: FAILED after %d tries: %s. Look into %s", job.series_uid, job.tries, reason, self._folder(job)
        )
        if queue.tell:
            try:
                subprocess.run([*queue.tell, job.series_uid, reason], timeout=60, check=True)
            except (OSError, subprocess.SubprocessError) as error:
                log.error("queue.tell failed (%s)", type(error).__name__)

    def _folder(self, job):
        return self._settings.folder / job.series_uid


def take_lock(path):
    """The lock of the queue's folder.

    The program inherits it: after a kill of the bridge alone, the next one waits for the run that goes on, and sends
    its result.
    """
    lock = open(path, "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.warning("another bridge, or a run of one that was killed, uses this folder: waits for its end")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def keep_names_out_of_the_log():
    """Libraries quote what they read in warnings and in their own logs."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    warnings.simplefilter("ignore")
    for name in ("pydicom", "pynetdicom", "dicomweb_client", "urllib3", "retrying"):
        logging.getLogger(name).disabled = True
        logging.getLogger(name).propagate = False


def main():
    words = argparse.ArgumentParser(description="Segments CTs of an archive with sam2lung. Research use only.")
    words.add_argument("--config", default="bridge.toml", help="the settings (bridge.toml)")
    words.add_argument("--list", action="store_true", help="what the queue holds")
    words.add_argument("--again", metavar="SERIES_UID", help="let a series run again")
    said = words.parse_args()
    keep_names_out_of_the_log()
    try:
        settings = settings_of.read(said.config)
        os.umask(0o077)
        settings.folder.mkdir(parents=True, exist_ok=True)
        jobs = Jobs(settings.folder / "queue.sqlite")
        if said.list:
            for job in jobs.all():
                print(f"{job.state:10} {job.series_uid}  {job.images} images, {job.tries} tries  {job.reason}")
            return 0
        if said.again:
            return 0 if jobs.again(said.again) else f"series {said.again} is not in the queue"
        stop = threading.Event()
        bridge = Bridge(settings, jobs, take_lock(settings.folder / "lock"), stop)
    except settings_of.SettingsError as error:
        return f"{error}"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    bridge.recover()
    log.info("begins; the archive is asked every %g s", settings.queue.poll_s)
    while not stop.is_set():
        if not bridge.step():
            stop.wait(settings.queue.poll_s)
    log.info("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
