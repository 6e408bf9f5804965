"""A review as JSON, for scripts and for agents."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from scripts.review import wording
from scripts.review.findings import Review

FORMAT = 1
"""Goes up when a field changes its meaning or leaves; new fields may come without."""


def to_json(review: Review) -> str:
    """The records of the review as JSON, in the order of their fields; numbers are not rounded."""
    document = {"format": FORMAT, "summary": wording.summary(review), **asdict(review)}
    # ASCII only: whatever a value holds, even half an emoji, can be written in any encoding.
    return json.dumps(_finite(document), indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """The same with NaN and infinity as text, because JSON does not know them."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
