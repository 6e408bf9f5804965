"""A seeded fault, and who noticed it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """A fault and the tests that caught it."""

    name: str
    layer: str
    path: str
    caught_by: list[str] = field(default_factory=list)
    note: str = ""
