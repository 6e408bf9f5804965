"""The containers that a world is made of: plain NumPy columns, joined by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from scripts.simulate.clock import add_months, to_ms
from scripts.simulate.columns import Columns, Numbers


@dataclass(frozen=True)
class Calendar:
    """The span of a world: whole months from the first day of one."""

    start: date
    months: int

    @property
    def end(self) -> date:
        """The first day after the world."""
        return add_months(self.start, self.months)

    @property
    def end_ms(self) -> int:
        """Midnight UTC of `end`: nothing happens, and nothing is loaded, from here on."""
        return to_ms(self.end)

    @property
    def referral_step_from(self) -> date:
        """The first day of month four, when the referral-source page goes live."""
        return add_months(self.start, 3)


@dataclass
class World:
    """Part of a world. Columns that name a row of another table hold its position there; -1 means none.

    - people: client, geo, is_sso, is_staff, is_settled, skips_mfa, has_project, first_device, second_device,
      account_ms (-1: no account), verified_ms (-1: never), id (two words)
    - devices: kind, browser, bot_kind (-1: no robot), geo, screen, ip, skew_ms, id, network_id
    - sessions: device, number (1 is the device's first), id
    - visits: person, device, session, page, variant, at (ms), dwell_ms, active_ms, burst_ms, is_known, is_verified,
      is_first (of its session), referrer, scroll (thousandths of the document), why (bits of `journeys.py`),
      lost_pings, is_silent, id (the page view id)
    - rows: one per source row of the events table; see `events.py` and `dirt.py`
    """

    people: Columns
    devices: Columns
    sessions: Columns
    visits: Columns
    rows: Columns


# Which column of which table points to which table.
_LINKS = {
    "sessions": {"device": "devices"},
    "visits": {"person": "people", "device": "devices", "session": "sessions"},
    "rows": {"visit": "visits", "page_view": "visits", "session": "sessions", "device": "devices", "person": "people"},
}


def join_columns(parts: Sequence[Columns]) -> Columns:
    """Stack tables with the same columns on top of each other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def take(columns: Columns, positions: Numbers) -> Columns:
    """Some rows of a table, by position."""
    # Indexing does the same, but ten times as slowly for columns of two words.
    return {name: column.take(positions, axis=0) for name, column in columns.items()}


def move_links(worlds: Sequence[World]) -> list[World]:
    """The same worlds, with every link moved to where its row is once the tables are on top of each other."""
    sizes = {"people": 0, "devices": 0, "sessions": 0, "visits": 0}
    moved = []
    for world in worlds:
        tables = {name: dict(getattr(world, name)) for name in (*sizes, "rows")}
        for name, links in _LINKS.items():
            for column in links.keys() & tables[name].keys():
                link = tables[name][column]
                tables[name][column] = np.where(link < 0, link, link + sizes[links[column]])
        for name in sizes:
            sizes[name] += len(tables[name]["id"])
        moved.append(World(**tables))
    return moved


def join_worlds(worlds: Sequence[World]) -> World:
    """One world from several, with every link moved to its new position."""
    worlds = move_links(worlds)
    names = [table.name for table in fields(World)]
    return World(**{name: join_columns([getattr(world, name) for world in worlds]) for name in names})
