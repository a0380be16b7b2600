"""From the CTs to a bundle, in one command.

    python -m sam2lung_train.make_bundle --run runs/first --sam2lung ../target/release/sam2lung [--minutes 80] [--device cuda]

Runs, in this order: data, train, calibrate, findings, judge, calibrate_judge, export, doubt, export again with the doubt, parity. A step whose
result is there already is passed over, and training goes on from its checkpoint: after an interruption the same command goes on.
"""

import argparse
from pathlib import Path

from . import calibrate, calibrate_judge, data, doubt, export, findings, judge, parity, train


def is_trained(run):
    """True when the checkpoint's schedule has come to its end."""
    import torch

    path = run / "checkpoint.pt"
    if not path.exists():
        return False
    state = torch.load(path, map_location="cpu", weights_only=False)
    return state["seconds"] >= state["config"]["minutes"] * 60


def steps(arguments):
    """(name, whether its result is there, call) of each step."""
    run, bundle = arguments.run, arguments.run / "bundle"
    words = lambda *some: [str(word) for word in some]  # noqa: E731
    cache = words("--cache", arguments.cache)
    resume = ["--resume"] if (run / "checkpoint.pt").exists() else []
    start = words("--start-from", arguments.start_from) if arguments.start_from and not resume else []
    training = words("--out", run, "--minutes", arguments.minutes, "--rate", arguments.rate, "--device", arguments.device)
    product = words("--sam2lung", arguments.sam2lung, "--model", bundle)
    chosen = lambda key: (run / "calibration.json").exists() and f'"{key}"' in (run / "calibration.json").read_text()  # noqa: E731
    into = words("--run", run, "--bundle", bundle, "--version", arguments.version)
    where = words("--run", run)
    yield "data", (arguments.cache / "whole.npz").exists(), lambda: data.main([*cache, *words("--data", arguments.data)])
    yield "train", is_trained(run), lambda: train.main([*cache, *training, *resume, *start])
    yield "calibrate", chosen("temperature"), lambda: calibrate.main([*cache, *where])
    yield "findings", (run / "findings.npz").exists(), lambda: findings.main([*cache, *where, *words("--data", arguments.data, "--sam2lung", arguments.sam2lung)])
    yield "judge", (run / "judge.pt").exists(), lambda: judge.main([*where, *words("--minutes", arguments.judge_minutes)])
    yield "calibrate_judge", chosen("judge_points"), lambda: calibrate_judge.main(where)
    yield "export", chosen("doubt"), lambda: export.main(into)
    yield "doubt", chosen("doubt"), lambda: doubt.main([*cache, *where, *product])
    yield "export", False, lambda: export.main(into)
    yield "parity", False, lambda: parity.main(words("--run", run, "--bundle", bundle))


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of everything that is made; the bundle is RUN/bundle")
    parser.add_argument("--sam2lung", type=Path, required=True, help="the built command line")
    parser.add_argument("--data", type=Path, default=data.DATA)
    parser.add_argument("--cache", type=Path, default=data.CACHE)
    parser.add_argument("--minutes", type=float, default=80.0, help="of the slice network's training")
    parser.add_argument("--judge-minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--start-from", type=Path, help="checkpoint whose weights the training begins with")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--version", default="0.2.0")
    arguments = parser.parse_args(words)
    arguments.run.mkdir(parents=True, exist_ok=True)
    for name, done, call in steps(arguments):
        print(f"== {name}{': done already' if done else ''}", flush=True)
        if not done:
            call()


if __name__ == "__main__":
    main()
