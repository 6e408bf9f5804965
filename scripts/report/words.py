"""How the page words numbers, dates and names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from scripts.wording import NONE, clean, count, percent, plural, seconds, shorten

__all__ = ["NONE", "clean", "count", "percent", "plural", "seconds", "shorten"]

_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_PIECES = re.compile(r" +|[^ ]+?[./_-](?=[^ ])|[^ ]+")
_LONGEST = 80  # characters of a name in a sentence; tables have it in full


def name(text: str, limit: int = _LONGEST) -> str:
    """A name from the data, to stand in a sentence: in one line, not too long, and its direction stays inside."""
    shown = shorten(clean(text), limit) or "(no name)"
    is_right_to_left = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in shown)
    return f"{_FIRST_STRONG_ISOLATE}{shown}{_POP_ISOLATE}" if is_right_to_left else shown


def wrapped(text: str, width: int = 20, most_lines: int = 2) -> str:
    """A name for the axis of a chart: broken into lines of `width` characters, the last one cut if need be.

    Lines break at blanks, and inside words of hosts, paths and keys. A no-break space holds together.
    """
    lines = [""]
    for piece in _PIECES.findall(clean(text)):
        whole = lines[-1] + piece
        if len(whole.rstrip(" ")) <= width:
            lines[-1] = whole
        else:
            lines += [piece[at : at + width] for at in range(0, len(piece), width)]
    lines = [line.strip(" ") for line in lines if line.strip(" ")] or ["(no name)"]
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], shorten(lines[most_lines - 1] + "…" * width, width)]
        lines[-1] = f"{lines[-1].rstrip('…')}…"
    return "\n".join(map(name, lines))


def listed(names: Sequence[str], limit: int = 4, all_of: int | None = None) -> str:
    """Such as A, B and C, or A, B and 7 more; `all_of` are how many there are, where not all have been named."""
    total = len(names) if all_of is None else all_of
    shown = list(names) if total <= limit else [*names[: limit - 1], f"{total - limit + 1:,} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval of rates (0..1), in percent."""
    return NONE if low is None or high is None else f"{percent(low).removesuffix(' %')}–{percent(high)}"


def points(difference: float | None) -> str:
    """A difference of two rates (0..1) in percentage points."""
    if difference is None:
        return NONE
    number = f"{abs(100 * difference):.1f}"
    sign = "" if not float(number) else "+" if difference > 0 else "−"
    return f"{sign}{number} points"


def minutes(seconds_in_all: float) -> str:
    """A setting in seconds, such as 30 min."""
    return f"{seconds_in_all / 60:g} min"


def probability(value: float | None) -> str:
    """A p or q value."""
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def day(value: date | None) -> str:
    """Such as 1 June 2026."""
    return NONE if value is None else f"{value.day} {value:%B %Y}"


def month(value: date) -> str:
    """Such as June 2026."""
    return f"{value:%B %Y}"


def people(number_of: int) -> str:
    """Such as 1 person and 1,200 people."""
    return f"{number_of:,} {'person' if number_of == 1 else 'people'}"
