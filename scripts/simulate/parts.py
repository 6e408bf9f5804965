"""Several chunks as one part of the world's files: only what the files need, in small types, and month by month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from scripts.simulate.clock import DAY, add_months, to_ms
from scripts.simulate.columns import Columns, Numbers
from scripts.simulate.dirt import LOAD_BATCH_MS
from scripts.simulate.world import Calendar, World, join_columns, move_links, take

_NEEDED: dict[str, dict[str, type]] = {
    "people": {"is_staff": bool, "id": np.uint64},
    "devices": {
        **dict.fromkeys(("kind", "browser", "bot_kind", "geo", "screen", "ip"), np.int16),
        **dict.fromkeys(("id", "network_id"), np.uint64),
    },
    "sessions": {"number": np.int32, "id": np.uint64},
    "visits": {**dict.fromkeys(("page", "variant", "referrer"), np.int16), "is_first": bool, "id": np.uint64},
    "rows": {
        **dict.fromkeys(("visit", "page_view", "session", "device", "person"), np.int32),
        **dict.fromkeys(("kind", "element", "step", "missing"), np.int8),
        **dict.fromkeys(("scroll_from", "scroll_to"), np.int16),
        **dict.fromkeys(("created", "sent", "collector", "derived", "etl", "load"), np.int64),
        **{"is_verified": bool, "id": np.uint64},
    },
}


def pack(world: World) -> World:
    """What the events files need of a world, and no more; its rows ordered by the day of their loading."""
    tables = {
        table: {name: getattr(world, table)[name].astype(kind, copy=False) for name, kind in columns.items()}
        for table, columns in _NEEDED.items()
    }
    day = (world.rows["load"] // DAY).astype(np.uint16)
    return World(**tables | {"rows": take(tables["rows"], np.argsort(day, kind="stable"))})


def by_month(worlds: Sequence[World], calendar: Calendar) -> Iterator[tuple[date, World]]:
    """Packed worlds as one, once for each month in which rows were loaded, with the rows of that month only.

    They are ordered by load time and event id; a copy comes after its original.
    """
    worlds = move_links(worlds)
    tables = {name: join_columns([getattr(world, name) for world in worlds]) for name in _NEEDED if name != "rows"}
    for number in range(calendar.months):
        month = add_months(calendar.start, number)
        rows = join_columns([_loaded(world.rows, month, add_months(month, 1)) for world in worlds])
        if len(rows["load"]):
            rows = take(rows, _order(rows))
            yield month, World(**tables, rows=rows)


def _loaded(rows: Columns, start: date, end: date) -> Columns:
    """The packed rows that were loaded between two days: they follow upon each other."""
    first, last = np.searchsorted(rows["load"], [to_ms(start), to_ms(end)])
    return {name: column[first:last] for name, column in rows.items()}


def _order(rows: Columns) -> Numbers:
    """The order of a month's rows. The first word of an id is enough to tell any two apart."""
    ids = rows["id"][:, 0].copy()
    order = np.argsort(ids)
    # This way of sorting is the fastest by far, but leaves it open which of two equals comes first.
    twin = np.flatnonzero(ids[order[1:]] == ids[order[:-1]])
    order[twin], order[twin + 1] = np.minimum(order[twin], order[twin + 1]), np.maximum(order[twin], order[twin + 1])
    batch = rows["load"] // LOAD_BATCH_MS
    return order[np.argsort((batch - batch.min()).astype(np.uint16)[order], kind="stable")]
