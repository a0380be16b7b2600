"""What a nodule's uncertainty is worth: its volume interval and its expected Dice, fitted on the development part of
`train`.

The built command line outlines every development nodule whose HU are known, in its crop as it is and gone on with; what
it says of each (the features x in nodules.json) is held against the readers' consensus.
- The interval: ln(consensus volume / volume) lies between c_low . x and c_high . x for LEVEL of the nodules. Quantile
  regression of both ends, then widened (or narrowed) by a conformal constant from nodules of patients that the
  regression hasn't seen (Romano, Patterson, Candes 2019: conformalized quantile regression), so that the level holds
  whatever the regression is worth.
- The expected Dice: sigmoid(c_dice . x), fitted to the Dice that was reached.
- The same once more for outlines made with a click on the consensus (crops that are gone on with only): told of a
  nodule the network is surer of it, which the models of outlines without clicks would take for a larger one.

Figures printed are of patients that the fit hasn't seen (FOLDS by patient).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..aliases import Record
from ..data import cases, items
from ..data.beyond import gone_on
from ..data.items import Stack
from ..evaluation import metrics
from ..evaluation.product import Product, Result, click_inside, every_size, read_result, stem
from ..evaluation.scores import POOR_DICE, best_entry
from ..paths import CACHE
from ..run_folder import RunFolder
from .calibrate_segmenter import develop_part

LEVEL = 0.9
FOLDS = 10
PENALTY = 0.02  # on the squares of standardised coefficients
SHARP = 0.02  # half-width of the rounded corner of the pinball loss, in ln(volume)
REVIEWED = 0.15
FEATURES = ("1", "ln f_in", "ln(1 + f_out)", "spread", "1 / d", "1 - sample_dice", "logit P(nodule)")


@dataclass
class Options:
    """What the fit is made of."""

    run: Path
    sam2lung: Path  # the built command line
    model: Path  # the bundle, without a fit of its own
    cache: Path = CACHE
    keep: bool = False  # outline only what RUN/develop_results lacks; for the same bundle
    jobs: int = 2


@dataclass
class Told:
    """A development nodule that was found: what the product says of it, and what is true."""

    patient: str
    ends: bool  # the crop ends where the marks end
    x: np.ndarray  # FEATURES
    log_ratio: float  # ln(consensus volume / outline's volume)
    dice: float
    sample_dice: float


def features(entry: Record) -> np.ndarray:
    """The features of an entry of nodules.json, as the library computes them from the same figures."""
    chance = entry["nodule_probability"]
    odds = 0.0 if chance is None else float(np.clip(np.log(max(chance, 1e-9) / max(1 - chance, 1e-9)), -6, 6))
    return np.array([
        1.0,
        np.log(entry["probability_inside"]),
        np.log1p(entry["probability_around"]),
        entry["volume_spread"],
        1 / entry["equivalent_diameter_mm"],
        1 - entry["sample_dice"],
        odds,
    ])  # fmt: skip


def develop_cases(stacks: list[Stack]) -> Iterator[tuple[Stack, bool, cases.Case]]:
    """(stack, whether it ends where the marks end, case) of each development nodule in both forms."""
    rng = np.random.default_rng(0)
    for stack in develop_part(stacks):
        for ends, (hu, votes) in ((True, items.as_marked(stack)), (False, gone_on(stack, rng))):
            if len(hu) > 1:
                spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
                name = f"{stack.key}_{'ends' if ends else 'goes_on'}"
                case = cases.Case(name, stack.patient, stack.diameter_mm, hu.astype(np.float32), votes >= 128, spacing)
                yield stack, ends, case


def told(stack: Stack, ends: bool, case: cases.Case, result: Result) -> Told | None:
    """None where nothing was found."""
    entry = best_entry(result.labels, case.reference, result.nodules) if not result.refused else None
    if entry is None:
        return None
    outline = metrics.touching(result.labels, case.reference)
    consensus = case.reference.sum() * np.prod(case.spacing_mm)
    return Told(
        patient=stack.patient,
        ends=ends,
        x=features(entry),
        log_ratio=float(np.log(consensus / entry["volume_mm3"])),
        dice=metrics.dice(outline, case.reference),
        sample_dice=entry["sample_dice"],
    )


# --- fits -------------------------------------------------------------------------------------------------------------


def fit(x: np.ndarray, cost: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Coefficients with the least mean `cost(x @ c)` (value, slope), a little penalised."""
    mean, scale = x.mean(0), x.std(0)
    mean[0], scale[0] = 0.0, 1.0  # the constant stays
    scale[scale == 0] = 1.0
    z = (x - mean) / scale
    z[:, 0] = 1.0

    def total(c):
        value, slope = cost(z @ c)
        penalty = PENALTY * np.concatenate([[0.0], c[1:]])
        return value.mean() + penalty @ c / 2, z.T @ slope / len(z) + penalty

    c = minimize(total, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    plain = c / scale
    plain[0] = c[0] - (c[1:] * mean[1:] / scale[1:]).sum()
    return plain


def quantile(x: np.ndarray, y: np.ndarray, level: float) -> np.ndarray:
    """Coefficients of the `level` quantile of y given x: pinball loss with a rounded corner."""

    def cost(at):
        off = y - at
        root = np.sqrt(off**2 + SHARP**2)
        value = (level - 0.5) * off + root / 2
        return value, -((level - 0.5) + off / root / 2)

    return fit(x, cost)


def share(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients of sigmoid(c . x) for y in [0, 1]: cross-entropy."""

    def cost(at):
        p = 1 / (1 + np.exp(-at))
        return -(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12)), p - y

    return fit(x, cost)


def held_out(patients: np.ndarray, x: np.ndarray, predict: Callable[[np.ndarray, np.ndarray], Any]) -> np.ndarray:
    """Predictions for each row by `predict(rows to learn from, rows to answer)`; a patient's rows are never in both."""
    names = np.unique(patients)
    fold = dict(zip(np.random.default_rng(0).permutation(names), np.arange(len(names)) % FOLDS))
    number = np.array([fold[p] for p in patients])
    result = None
    for n in range(FOLDS):
        answers = np.asarray(predict(number != n, number == n))
        result = np.zeros((*answers.shape[:-1], len(x))) if result is None else result
        result[..., number == n] = answers
    return result


def interval_coefficients(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both ends, before the conformal constant."""
    return quantile(x, y, (1 - LEVEL) / 2), quantile(x, y, (1 + LEVEL) / 2)


def conformal(y: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """How far both ends have to move out so that LEVEL of held-out nodules lie between them."""
    beyond = np.sort(np.maximum(low - y, y - high))
    rank = int(np.ceil(LEVEL * (len(y) + 1))) - 1
    return float(beyond[min(rank, len(y) - 1)])


def interval(
    patients: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """c_low, c_high with the constant, and the held-out ends with the same constant."""
    ends = held_out(patients, x, lambda learn, ask: [x[ask] @ c for c in interval_coefficients(x[learn], y[learn])])
    constant = conformal(y, *ends)
    low, high = interval_coefficients(x, y)
    low[0], high[0] = low[0] - constant, high[0] + constant
    return low, high, (ends[0] - constant, ends[1] + constant)


# --- what it is worth -------------------------------------------------------------------------------------------------


def report_interval(words: str, y: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> None:
    low, high = ends
    inside = (y >= low) & (y <= high)
    print(
        f"{words}: {inside.mean():.1%} of {len(y)} inside, upper end {np.exp(np.median(high - low)):.2f} x the lower (median)"
    )


def fitted(nodules: list[Told]) -> tuple[Record, np.ndarray]:
    """Coefficients of both ends and of the Dice, and the Dice to be expected of held-out patients; prints what they are
    worth.
    """
    patients = np.array([n.patient for n in nodules])
    x, y, dice = (
        np.stack([n.x for n in nodules]),
        np.array([n.log_ratio for n in nodules]),
        np.array([n.dice for n in nodules]),
    )
    low, high, ends = interval(patients, x, y)
    report_interval("volume interval", y, ends)
    for words, some in (
        ("- crops as they are", [n.ends for n in nodules]),
        ("- gone on with", [not n.ends for n in nodules]),
        ("- under 6 mm", [1 / n.x[4] < 6 for n in nodules]),
    ):
        some = np.array(some)
        if some.any():
            report_interval(words, y[some], (ends[0][some], ends[1][some]))
    *_, plain = interval(patients, x[:, :1], y)
    report_interval("the same width for every nodule, for comparison", y, plain)

    c_dice = share(x, dice)
    expected = held_out(patients, x, lambda learn, ask: 1 / (1 + np.exp(-(x[ask] @ share(x[learn], dice[learn])))))
    poor = dice < POOR_DICE
    print(f"Dice below {POOR_DICE}: {poor.sum()} of {len(poor)}; AUROC of 1 - expected Dice {metrics.auroc(-expected, poor):.3f}, "
          f"of 1 - sample_dice {metrics.auroc([-n.sample_dice for n in nodules], poor):.3f}, "
          f"of f_in and f_out alone {metrics.auroc(-2 * np.exp(x[:, 1]) / (np.exp(x[:, 1]) + np.exp(x[:, 2])), poor):.3f}")  # fmt: skip
    order = np.argsort(-expected)
    print(
        "mean Dice of the surest: "
        + ", ".join(f"{s:.0%} {dice[order[: max(1, int(s * len(order)))]].mean():.3f}" for s in (0.5, 0.7, 0.85, 1.0))
    )
    print("coefficients of " + ", ".join(FEATURES))
    for words, c in (("low", low), ("high", high), ("dice", c_dice)):
        print(f"  {words}: " + ", ".join(f"{v:+.3f}" for v in c))
    listed = {
        name: [round(float(v), 5) for v in c]
        for name, c in (("volume_low", low), ("volume_high", high), ("dice", c_dice))
    }
    return listed, expected


def uncertainty_of(nodules: list[Told], clicked: list[Told]) -> tuple[Record, Record]:
    """The bundle's `uncertainty` and review bounds, from outlines without and with a click."""
    listed, expected = fitted(nodules)
    print(f"with a click, {len(clicked)} nodules:")
    listed_clicked, _ = fitted(clicked)
    bound = round(float(np.quantile(expected, REVIEWED)), 3)
    return {"level": LEVEL, **listed, "clicked": listed_clicked}, {"expected_dice_below": bound}


def outlined(asked: Options, seen: list, click: bool = False) -> list:
    """Each case with what the command line made of it; `click`: with a click on its consensus."""
    folder, results = asked.run / "develop", asked.run / ("develop_clicked" if click else "develop_results")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{case.name}.nii.gz" for *_, case in seen]
    for (*_, case), path in zip(seen, paths):
        cases.write_ct(case, path)
    product = Product(asked.sam2lung.resolve(), asked.model, ("--lung-mask", "off", *every_size(asked.sam2lung)))
    missing = [path for path in paths if not (asked.keep and (results / stem(path)).is_dir())]
    clicks = {path: click_inside(case.click_ijk) for (*_, case), path in zip(seen, paths)} if click else None
    refused = product.segment(missing, results, asked.jobs, clicks) if missing else {}
    return [(*item, read_result(results / item[2].name, refused.get(path))) for item, path in zip(seen, paths)]


def found(answers: list) -> list[Told]:
    """What is told of each nodule on which there is a finding."""
    nodules = [t for t in (told(*answer) for answer in answers) if t is not None]
    print(f"{len(answers)} crops, {len(nodules)} with a finding on the nodule")
    return nodules


def fit_uncertainty(asked: Options) -> None:
    """Adds `uncertainty` and the `review` bounds to RUN/calibration.json."""
    seen = list(develop_cases(items.load_stacks(asked.cache)))
    nodules = found(outlined(asked, seen))
    clicked = found(outlined(asked, [item for item in seen if not item[1]], click=True))
    uncertainty, review = uncertainty_of(nodules, clicked)
    RunFolder(asked.run).add_to_calibration({"uncertainty": uncertainty, "review": review})
