"""What the evaluations write, and who wrote it."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError


def put_between(text: str, begin: str, end: str, insert: str) -> str:
    """`text` with what lies between the markers replaced."""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise UserError(f"expected {begin} and, later, {end}, once each")
    head, tail = text.split(begin)[0], text.split(end)[1]
    return f"{head}{begin}\n{insert}\n{end}{tail}"


def markers(name: str) -> tuple[str, str]:
    """Between which the model card has the tables of a command."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def fill_card(card: Path | None, name: str, text: str) -> None:
    """Puts `text` between the card's markers of `name`; nothing without a card."""
    if card:
        card.write_text(put_between(card.read_text(), *markers(name), text))


def plain(value: Any) -> Any:
    """For JSON: arrays to lists, what is no finite number to null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def version_of(program: Path) -> str:
    """`sam2lung 0.1.0`."""
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.strip()
