"""What the segmenter finds in everything that may be trained on.

Crops are seen ending as they do, half of them gone on with by their caps as well, so that the classifier knows both a
nodule's end and a scan's end; each whole CT as several scanners and reconstructions might have shown it, and with
nodules of the crops set in (see `data.insert`), since there are few of them; and some made by arithmetic (see
`data.phantoms`).
"""

import multiprocessing
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ..data import items, phantoms
from ..data.insert import with_nodules
from ..data.items import Stack, Whole, as_marked
from ..data.lesions import known_lesions
from ..memory import keep_freed_memory
from ..progress import bar
from ..run_folder import RunFolder
from .findings import Calibrated, Finding, load_calibrated, stack_findings, whole_findings
from .reconstructions import INSERTIONS, kinds_of, reconstruction

# Number of a whole CT and what it is shown as; or number of a stack and whether its crop ends where the marks end.
Job = tuple[int, str | bool]

INSERTED = 100  # nodules a pass, where there is room
GONE_ON_SHARE = 0.5  # of the crops that are also gone on with


class Finder:
    """Everything that a job reads; `made`: phantoms, which are shown as they are."""

    def __init__(
        self,
        calibrated: Calibrated,
        stacks: list[Stack],
        wholes: list[Whole],
        lesions: dict[str, list[tuple[np.ndarray, float]]],
        made: Sequence[Whole] = (),
    ) -> None:
        self.calibrated, self.stacks, self.lesions = calibrated, stacks, lesions
        self.wholes = [*wholes, *made]
        self.kinds = [*map(kinds_of, wholes), *(["plain"] for _ in made)]

    def jobs(self) -> list[Job]:
        """(number, kind of reconstruction) of whole CTs, then (number, whether the crop ends where the marks end) of
        stacks.
        """
        gone_on_too = np.random.default_rng(0).uniform(size=len(self.stacks)) < GONE_ON_SHARE
        flat = [len(as_marked(stack)[0]) == 1 for stack in self.stacks]
        ending = [(n, True) for n in range(len(self.stacks)) if not flat[n]]
        going_on = [(n, False) for n in range(len(self.stacks)) if flat[n] or gone_on_too[n]]
        return [*((n, kind) for n, kinds in enumerate(self.kinds) for kind in kinds), *ending, *going_on]

    def findings(self, job: Job) -> list[Finding]:
        number, how = job
        torch.manual_seed(number)
        rng = np.random.default_rng([number, INSERTIONS.index(how) if how in INSERTIONS else 0])
        if how in INSERTIONS:
            return self.findings_set_in(self.wholes[number], how.startswith("develop"), rng)
        if isinstance(how, str):
            whole = self.wholes[number]
            shown = reconstruction(whole, how, rng)
            return list(whole_findings(self.calibrated, shown, len(whole.hu), self.lesions.get(whole.name, [])))
        stack = self.stacks[number]
        others = [s for s in self.stacks if s.patient == stack.patient and s.key != stack.key]
        return list(stack_findings(self.calibrated, stack, how, others, rng))

    def findings_set_in(self, whole: Whole, develop: bool, rng: np.random.Generator) -> list[Finding]:
        """The nodules that were set into a whole CT; nothing else of it, which the other kinds have shown."""
        shown = with_nodules(whole, [s for s in self.stacks if s.develop == develop], INSERTED, rng)
        found = whole_findings(self.calibrated, shown, len(whole.hu), [], develop)
        return [f for f in found if f.nodule]


def find_all(finder: Finder, processes: int) -> list[Finding]:
    """Findings of all jobs. Processes are forked, so that they share the CTs; `finder` reaches them by `start_worker`."""
    jobs = finder.jobs()
    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(processes, start_worker, (finder,)) as pool:
        return [f for some in bar(pool.imap(findings_of, jobs), "findings", total=len(jobs)) for f in some]


shared = {}  # what a forked worker was given


def start_worker(finder: Finder) -> None:
    shared["finder"] = finder


def findings_of(job: Job) -> list[Finding]:
    return shared["finder"].findings(job)


def find(data: Path, cache: Path, run: Path, sam2lung: Path, limit: int | None = None, jobs: int = 2) -> None:
    """Runs the network of RUN/checkpoint.pt, calibrated as in RUN/calibration.json, over everything; writes
    RUN/findings.npz.

    `sam2lung` is the built command line, which makes the phantoms; `limit` takes only so many nodules, drawn at random;
    `jobs` processes at a time.
    """
    keep_freed_memory()
    folder = RunFolder(run)
    stacks, lesions = items.load_stacks(cache), known_lesions(data)
    if limit is not None:
        stacks = [stacks[n] for n in np.random.default_rng(0).permutation(len(stacks))[:limit]]
    with tempfile.TemporaryDirectory() as scratch:
        made, nodules = phantoms.made(sam2lung, scratch)
    finder = Finder(load_calibrated(folder), stacks, items.load_wholes(cache), {**lesions, **nodules}, made)
    found = find_all(finder, jobs)
    items.save(folder.findings, found)
    report(found, stacks)


def report(found: list[Finding], stacks: list[Stack]) -> None:
    """Prints how many there are, and how many nodules have none."""
    for words, part in (("crops", [f for f in found if not f.whole]), ("whole CTs", [f for f in found if f.whole])):
        print(f"{words}: {sum(f.nodule for f in part)} nodules, {sum(not f.nodule for f in part)} others")
    seen = {f.where for f in found if f.nodule and f.product and f.ends}
    usual = [s for s in stacks if (s.votes >= 128).any() and len(as_marked(s)[0]) > 1]
    print(f"without a finding in crops as they are: {sum(s.key not in seen for s in usual)} of {len(usual)} nodules")
