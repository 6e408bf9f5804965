"""How every program words numbers, counts and texts from the data, so that all say the same."""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Sequence

NONE = "–"
# What could steer a terminal, or reorder or hide text: control characters, lone surrogates, line separators,
# bidirectional controls and blanks without width. The joiner of emoji (U+200D) is none of these.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def print_what_the_terminal_can() -> None:
    """Let a terminal that has no dashes and arrows have the numbers all the same."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def count(value: int | float | None) -> str:
    """A whole number with thousands separators."""
    return NONE if value is None else _minus(f"{value:,.0f}")


def percent(value: float | None, decimals: int = 1) -> str:
    """A rate of 0..1 in percent."""
    return NONE if value is None else _minus(f"{100 * value:,.{decimals}f} %")


def seconds(value: float | None, precision: int = 0) -> str:
    """A time in its two largest units, such as 1 min 05 s; `precision` 1 tells whole seconds, more tells decimals."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return number(value)
    sign, rest, decimals = ("−" if value < 0 else ""), abs(value), max(precision - 1, 0)
    if not precision:
        decimals = 1 if rest < 9.95 and not float(rest).is_integer() else 0
        # 59.6 s are 1 min 00 s: what is rounded up may need the next larger unit, hence largest first.
        rest = next((round(rest / unit) * unit for least, unit in _ROUNDED_TO if rest >= least), rest)
    rest = round(rest, decimals)
    days, rest = divmod(rest, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    width = 2 if not decimals else decimals + 3
    parts = [(f"{days:,.0f}", "d"), (f"{hours:02.0f}", "h"), (f"{minutes:02.0f}", "min")]
    parts = [*parts, (f"{rest:0{width}.{decimals}f}", "s")]
    first = next((at for at, (digits, _) in enumerate(parts) if float(digits.replace(",", ""))), len(parts) - 1)
    shown = parts[first:] if precision else parts[first : first + 2]
    leading = shown[0][0].lstrip("0")
    leading = f"0{leading}" if not leading or leading.startswith(".") else leading
    return sign + " ".join([f"{leading} {shown[0][1]}", *(f"{digits} {unit}" for digits, unit in shown[1:])])


_ROUNDED_TO = ((86_370, 3_600), (3_599.5, 60))
"""From how many seconds on two units leave out what: hours of days, minutes of hours."""


def number(value: float | None, decimals: int | None = None) -> str:
    """A number of no unit, with as many decimals as tell it."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return _minus(str(value))
    if decimals is None:
        decimals = decimals_of(value)
    return _minus(f"{value:,.{decimals}f}")


def decimals_of(value: float | None) -> int:
    """So many decimals that three digits of a number are told, two at least; none for a whole number."""
    if value is None or not math.isfinite(value) or float(value).is_integer():
        return 0
    return min(15, max(2, 2 - math.floor(math.log10(abs(value)))))


def _minus(text: str) -> str:
    """A real minus, as wide as a plus; and no minus before a zero."""
    return text.replace("-", "−", 1) if re.search("[1-9]|inf", text) else text.replace("-", "", 1)


def clean(text: str) -> str:
    """The text in one line, with characters that are not seen or steer the reader's screen shown as \\n or \\u202e."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def clean_lines(text: str) -> list[str]:
    """The lines of a text, each clean; tabs become blanks."""
    lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
    return [clean(line) for line in lines]


def shorten(text: str, limit: int) -> str:
    """The text, cut to `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plural(number_of: int, noun: str) -> str:
    """Such as 1 model and 1,200 models."""
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"


def names(of: Sequence[str], limit: int = 20) -> str:
    """Names, comma-separated, and how many more there are."""
    shown = ", ".join(clean(name) for name in of[:limit])
    return shown if len(of) <= limit else f"{shown} and {len(of) - limit:,} more"
