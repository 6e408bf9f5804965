"""Time and chance in integers only, so that every machine draws the same world.

All times are int64 milliseconds since 1970-01-01 UTC; all chances are integers per 10,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np

from scripts.simulate.columns import Flags, Numbers

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Monday to Sunday, then the 24 UTC hours: signups follow American office days.
WEEKDAY_WEIGHTS = (100, 112, 110, 105, 92, 55, 50)
HOUR_WEIGHTS = (30, 24, 18, 12, 7, 4, 3, 3, 4, 6, 9, 16, 34, 52, 64, 70, 72, 70, 68, 64, 58, 50, 42, 36)


def to_ms(day: date) -> int:
    """Midnight UTC of a day, in ms."""
    return (day - date(1970, 1, 1)).days * DAY


def add_months(day: date, months: int) -> date:
    """The first of the month that lies `months` after the month of `day`."""
    months += day.year * 12 + day.month - 1
    return date(months // 12, months % 12 + 1, 1)


def chance(rng: np.random.Generator, size: int, per_10000: int | Numbers) -> Flags:
    """`size` booleans, each true with the given chance (one number, or one per draw)."""
    return rng.integers(0, 10_000, size) < per_10000


def share(count: int, per_10000: int, fewest: int = 0) -> int:
    """The given part of `count`, rounded down but at least `fewest`; none at all of a rate of 0."""
    return max(fewest, count * per_10000 // 10_000) if per_10000 else 0


def pick(rng: np.random.Generator, size: int, weights: Sequence[int]) -> Numbers:
    """`size` positions in `weights`, each as likely as its integer weight."""
    steps = _steps(tuple(weights))
    return np.searchsorted(steps, rng.integers(0, steps[-1], size), side="right")


def spread(rng: np.random.Generator, size: int, knots: Sequence[int]) -> Numbers:
    """`size` int64 draws from a distribution given by equally spaced quantiles (`knots`, from minimum to maximum)."""
    start, rise = _slopes(tuple(knots))
    position = rng.integers(0, 1 << 24, size) * len(rise)
    left = position >> 24
    drawn: Numbers = start[left] + ((rise[left] * (position & ((1 << 24) - 1))) >> 24)
    return drawn


@cache
def _steps(weights: tuple[int, ...]) -> Numbers:
    return np.cumsum(np.array(weights, dtype=np.int64))


@cache
def _slopes(knots: tuple[int, ...]) -> tuple[Numbers, Numbers]:
    """Where the line between each two knots starts, and how much it rises."""
    table = np.array(knots, dtype=np.int64)
    return table[:-1], np.diff(table)


def arrivals(rng: np.random.Generator, size: int, start: date, end: date) -> Numbers:
    """`size` moments (ms) between two days, more of them on weekdays and in American office hours."""
    days = (end - start).days
    weights = [WEEKDAY_WEIGHTS[(start.weekday() + day) % 7] for day in range(days)]
    moment = pick(rng, size, weights) * DAY + pick(rng, size, HOUR_WEIGHTS) * HOUR
    return to_ms(start) + moment + rng.integers(0, HOUR, size)
