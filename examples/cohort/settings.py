"""What cohort.toml says. Unknown, missing and impossible settings are refused by name.

Reading tables is much the same in examples/pacs/settings.py. Each example is one folder to be copied as it is, so neither imports from
the other.
"""

import dataclasses
import tomllib
from pathlib import Path

KINDS = ("local", "slurm", "kubernetes", "scheduler")
# Options of sam2lung that belong to one CT, or that are given by the settings.
REFUSED = (
    "--output",
    "-o",
    "--channel",
    "--click",
    "--at",
    "--click-outside",
    "--not-at",
    "--threads",
    "--quiet",
    "-q",
)


class SettingsError(Exception):
    """What is wrong with cohort.toml, in words."""


@dataclasses.dataclass(frozen=True)
class Work:
    list: str
    output: str = "results"


@dataclasses.dataclass(frozen=True)
class Run:
    program: str = "sam2lung"
    options: list = dataclasses.field(default_factory=list)
    threads: int = 2
    timeout_s: float = 3600.0


@dataclasses.dataclass(frozen=True)
class Retry:
    tries: int = 3
    kills: int = 5
    pause_s: float = 60.0


@dataclasses.dataclass(frozen=True)
class Cluster:
    kind: str = "local"
    workers: int = 0
    address: str = ""
    progress_s: float = 30.0
    options: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Settings:
    work: Work
    run: Run
    retry: Retry
    cluster: Cluster
    root: Path
    """The folder of the settings' file: paths are relative to it."""
    output: Path
    """The folder of the results, absolute."""


def read(path):
    """The settings of a file.

    Raises SettingsError.
    """
    try:
        said = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}") from error
    tables = {"work": Work, "run": Run, "retry": Retry, "cluster": Cluster}
    unknown = sorted(set(said) - set(tables))
    if unknown:
        raise SettingsError(f"[{unknown[0]}] is unknown; expected {', '.join(tables)}")
    parts = {name: _table(name, kind, said.get(name, {})) for name, kind in tables.items()}
    _check(**parts)
    root = Path(path).resolve().parent
    return Settings(**parts, root=root, output=(root / parts["work"].output).resolve())


def _table(name, kind, said):
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key, value in said.items():
        if key not in fields:
            raise SettingsError(f"{name}.{key} is unknown; expected {', '.join(fields)}")
        wanted = (int, float) if fields[key].type is float else fields[key].type
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise SettingsError(f"{name}.{key} is {value!r}; expected {fields[key].type.__name__}")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise SettingsError(f"{name}.{key} is {value!r}; expected texts")
        if isinstance(value, int | float) and value < 0:
            raise SettingsError(f"{name}.{key} is {value}; expected 0 or more")
    try:
        return kind(**said)
    except TypeError as error:
        raise SettingsError(f"[{name}]: {error}") from error


def _check(work, run, retry, cluster):
    if not work.list or not work.output:
        raise SettingsError("work.list or work.output is empty; expected a folder, a CSV file or a pattern")
    if not run.program:
        raise SettingsError("run.program is empty; expected the path of sam2lung")
    for option in run.options:
        if option.split("=")[0] in REFUSED:
            raise SettingsError(f"run.options has {option!r}, which belongs to one CT or is set elsewhere")
    if "--lung-mask" in run.options and run.options[run.options.index("--lung-mask") + 1 :][:1] not in (
        ["auto"],
        ["off"],
    ):
        raise SettingsError(
            "run.options has a mask's file for --lung-mask, which belongs to one CT; expected auto or off"
        )
    for name, value in (("run.threads", run.threads), ("retry.tries", retry.tries), ("retry.kills", retry.kills)):
        if value < 1:
            raise SettingsError(f"{name} is {value}; expected 1 or more")
    if cluster.kind not in KINDS:
        raise SettingsError(f"cluster.kind is {cluster.kind!r}; expected one of {', '.join(KINDS)}")
    if cluster.kind == "scheduler" and not cluster.address:
        raise SettingsError("cluster.address is needed where cluster.kind is 'scheduler'")
    if cluster.kind in ("slurm", "kubernetes") and not cluster.workers:
        raise SettingsError(f"cluster.workers is 0; expected how many to start where cluster.kind is {cluster.kind!r}")
