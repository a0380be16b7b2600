"""The CTs of a cohort, from a folder, a CSV file or a pattern."""

import csv
import glob
import os
from pathlib import Path

from case import Case

ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".vti")


class WorkListError(Exception):
    """What is wrong with the list, in words."""


def read(said, root):
    """The cases that `said`, relative to the folder `root`, names, by name.

    A folder: each folder in it is a DICOM series, each file of a known ending a CT. A CSV file: its column `path`
    (relative to the CSV file), and `name` if there is one. A pattern such as `site-*/*/ct.nii.gz`: what matches. Names
    are the paths from the folder, or from the part of the pattern before its first wildcard: `site-2-p7-ct`.
    Raises WorkListError.
    """
    path = Path(os.path.abspath(root / said))
    if path.is_dir():
        found = [(None, one) for one in path.iterdir() if one.is_dir() or one.name.lower().endswith(ENDINGS)]
        cases = [_case(name, one, path) for name, one in found if not one.name.startswith(".")]
    elif path.suffix.lower() == ".csv":
        cases = _of_csv(path)
    elif glob.has_magic(said):
        parts = path.parts
        fixed = Path(*parts[: next(n for n, part in enumerate(parts) if glob.has_magic(part))])
        cases = [_case(None, Path(one), fixed) for one in glob.glob(str(path), recursive=True)]
    else:
        raise WorkListError(f"{path} is no folder, no CSV file and no pattern")
    if not cases:
        raise WorkListError(f"{path} names no CT")
    _check(cases)
    return sorted(cases, key=lambda case: case.name)


def _of_csv(path):
    try:
        with open(path, encoding="utf-8-sig", newline="") as data:
            table = csv.DictReader(data)
            if "path" not in (table.fieldnames or []):
                raise WorkListError(f"{path} has the columns {table.fieldnames}; expected path, and name if you like")
            rows = [(row.get("name") or None, row["path"]) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WorkListError(f"{path} can't be read: {error}") from error
    if not all(one for _, one in rows):
        raise WorkListError(f"{path} has a row without a path")
    return [_case(name, Path(os.path.abspath(path.parent / one)), path.parent) for name, one in rows]


def _case(name, path, root):
    if name is None:
        ending = next((e for e in ENDINGS if path.name.lower().endswith(e)), "") if not path.is_dir() else ""
        parts = [part for part in Path(os.path.relpath(path, root)).parts if part != ".."]
        name = "-".join(parts)
        name = name[: len(name) - len(ending)]
    return Case(name, str(path))


def _check(cases):
    seen = {}
    for case in cases:
        if not case.name or case.name.startswith(".") or "/" in case.name or "\0" in case.name:
            raise WorkListError(f"{case.path} has the name {case.name!r}; expected one that can be a folder's")
        if case.name in seen:
            raise WorkListError(
                f"{seen[case.name]} and {case.path} are both named {case.name!r}: name them in a CSV file's column name"
            )
        seen[case.name] = case.path
