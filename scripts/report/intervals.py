"""What a difference of two rates may be worth: intervals, and its split into mix and rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

_Z = 1.959963984540054  # of 95 %


class Share(NamedTuple):
    """So many of so many."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        """The share (0..1); None of nothing."""
        return self.part / self.whole if self.whole else None


class Effects(NamedTuple):
    """A change of a rate (-1..1): by who came, and by how they did."""

    mix: float
    rate: float


def wilson(share: Share) -> tuple[float, float]:
    """Return the ends of the share's Wilson interval of 95 % (0..1); everything is possible of nothing."""
    part, whole = share
    if not whole:
        return 0.0, 1.0
    middle, spread = part + _Z * _Z / 2, _Z * math.sqrt(part * (whole - part) / whole + _Z * _Z / 4)
    low, high = ((middle + sign * spread) / (whole + _Z * _Z) for sign in (-1, 1))
    return 0.0 if part == 0 else low, 1.0 if part == whole else high


def difference(before: Share, after: Share) -> float:
    """Return after minus before (-1..1). Neither share may be of nothing."""
    return after.part / after.whole - before.part / before.whole


def newcombe(before: Share, after: Share) -> tuple[float, float]:
    """Return the ends of the interval of 95 % of after minus before (-1..1), from both Wilson intervals.

    Newcombe, Statistics in Medicine 17 (1998), method 10. Neither share may be of nothing.
    """
    (low, high), (low_before, high_before) = wilson(after), wilson(before)
    rate_before, rate = before.part / before.whole, after.part / after.whole
    return (
        rate - rate_before - math.hypot(rate - low, high_before - rate_before),
        rate - rate_before + math.hypot(high - rate, rate_before - low_before),
    )


def mix_and_rate(before: Mapping[str, Share], after: Mapping[str, Share]) -> Effects:
    """Split the change of the overall rate by group, as conversion_rate_effects does.

    The mix is what the groups' new sizes alone would have changed; a group that is new is held against everybody's rate
    before. Neither side may be empty.
    """
    whole_before, whole_after = (sum(share.whole for share in shares.values()) for shares in (before, after))
    overall_before = sum(share.part for share in before.values()) / whole_before
    mix = rate = 0.0
    for group in {**before, **after}:
        old, new = before.get(group, Share(0, 0)), after.get(group, Share(0, 0))
        rate_before = overall_before if old.rate is None else old.rate
        mix += (new.whole / whole_after - old.whole / whole_before) * rate_before
        rate += new.part / whole_after - new.whole / whole_after * rate_before
    return Effects(mix, rate)
