"""What bridge.toml says. Unknown, missing and impossible settings are refused by name.

Reading tables is much the same in examples/cohort/settings.py. Each example is one folder to be copied as it is, so neither imports from
the other.
"""

import dataclasses
import os
import tomllib
from pathlib import Path

OBJECTS = ("segmentation", "probability", "uncertainty", "report", "overview")


class SettingsError(Exception):
    """What is wrong with bridge.toml, in words."""


@dataclasses.dataclass(frozen=True)
class Archive:
    dicomweb: str
    user: str = ""
    password_variable: str = ""
    newest_days: int = 0
    timeout_s: float = 120.0

    def password(self):
        if self.password_variable not in os.environ:
            raise SettingsError(f"archive.password_variable: the environment has no {self.password_variable!r}")
        return os.environ[self.password_variable]


@dataclasses.dataclass(frozen=True)
class Send:
    by: str = "stow"
    objects: list = dataclasses.field(default_factory=lambda: ["segmentation", "report", "overview"])
    host: str = ""
    port: int = 0
    called_ae: str = "ANY-SCP"
    calling_ae: str = "SAM2LUNG"


@dataclasses.dataclass(frozen=True)
class Run:
    program: str = "sam2lung"
    options: list = dataclasses.field(default_factory=list)
    timeout_s: float = 7200.0


@dataclasses.dataclass(frozen=True)
class Queue:
    folder: str = "state"
    poll_s: float = 15.0
    settle_s: float = 60.0
    fewest_images: int = 20
    tries: int = 3
    pause_s: float = 60.0
    tell: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Settings:
    archive: Archive
    send: Send
    run: Run
    queue: Queue
    folder: Path
    """The queue's folder, absolute."""


def read(path):
    """The settings of a file.

    Raises SettingsError.
    """
    try:
        said = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}") from error
    tables = {"archive": Archive, "send": Send, "run": Run, "queue": Queue}
    unknown = sorted(set(said) - set(tables))
    if unknown:
        raise SettingsError(f"[{unknown[0]}] is unknown; expected {', '.join(tables)}")
    parts = {name: _table(name, kind, said.get(name, {})) for name, kind in tables.items()}
    _check(**parts)
    return Settings(**parts, folder=(Path(path).resolve().parent / parts["queue"].folder).resolve())


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


def _check(archive, send, run, queue):
    if not archive.dicomweb.startswith(("http://", "https://")):
        raise SettingsError(f"archive.dicomweb is {archive.dicomweb!r}; expected http://… or https://…")
    if archive.user and not archive.password_variable:
        raise SettingsError("archive.user is given without archive.password_variable")
    if send.by not in ("stow", "cstore"):
        raise SettingsError(f"send.by is {send.by!r}; expected 'stow' or 'cstore'")
    if send.by == "cstore" and not (send.host and send.port):
        raise SettingsError("send.host and send.port are needed where send.by is 'cstore'")
    unknown = sorted(set(send.objects) - set(OBJECTS))
    if unknown or not send.objects:
        raise SettingsError(
            f"send.objects has {unknown[0] if unknown else 'nothing'!r}; expected some of {', '.join(OBJECTS)}"
        )
    if not run.program:
        raise SettingsError("run.program is empty; expected the path of sam2lung")
    if queue.tries < 1:
        raise SettingsError("queue.tries is 0; expected 1 or more")
