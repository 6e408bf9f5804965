"""What a browser's tracker sends about the journeys: page views, page pings, link clicks and funnel steps.

One row per event, as columns: visit, page_view (whose id it carries), session, device, person (-1: unknown to the
tracker), kind, element, step, is_verified, at (ms, true time of creation), scroll_from and scroll_to (thousandths).
"""

from __future__ import annotations

import numpy as np

from scripts.simulate.clock import SECOND
from scripts.simulate.columns import Columns, Numbers
from scripts.simulate.world import World, join_columns

PAGE_VIEW, PAGE_PING, LINK_CLICK, FUNNEL = range(4)
# The tracker's heartbeat: a first ping after this long on a page, then one every so often while the person is active.
FIRST_PING_MS = 5 * SECOND
NEXT_PING_MS = 10 * SECOND
BURST_PINGS = 3


def _page_views(visits: Columns) -> Columns:
    """One page view per visit."""
    return _rows(visits, np.arange(len(visits["at"])), PAGE_VIEW, visits["at"])


def _rows(visits: Columns, visit: Numbers, kind: int, at: Numbers) -> Columns:
    """Rows of one kind that take everything from their visit."""
    size = len(visit)
    return {
        "visit": visit,
        "page_view": visit,
        "session": visits["session"][visit],
        "device": visits["device"][visit],
        "person": np.where(visits["is_known"][visit], visits["person"][visit], -1),
        "kind": np.full(size, kind, dtype=np.int8),
        "element": np.full(size, -1, dtype=np.int8),
        "step": np.full(size, -1, dtype=np.int8),
        "is_verified": visits["is_verified"][visit],
        "at": at,
        "scroll_from": np.full(size, -1, dtype=np.int16),
        "scroll_to": np.full(size, -1, dtype=np.int16),
    }


def _pings(rng: np.random.Generator, visits: Columns) -> Columns:
    """Heartbeats while the person is active; on very long visits also a few in the middle."""
    active = visits["active_ms"]
    count = np.where(active >= FIRST_PING_MS, (active - FIRST_PING_MS) // NEXT_PING_MS + 1, 0)
    burst = np.where(visits["burst_ms"] > 0, BURST_PINGS, 0)
    visit = np.repeat(np.arange(len(active)), count + burst)
    number = np.arange(len(visit)) - np.repeat(np.cumsum(count + burst) - count - burst, count + burst)
    late = number >= count[visit]
    offset = FIRST_PING_MS + NEXT_PING_MS * number
    # The burst comes after whatever the person did at first, and well before they leave.
    burst_at = np.maximum(visits["burst_ms"][visit], active[visit] + NEXT_PING_MS)
    offset = np.where(late, burst_at + NEXT_PING_MS * (number - count[visit]), offset)
    rows = _rows(visits, visit, PAGE_PING, visits["at"][visit] + offset + rng.integers(0, 60, len(visit)))
    # Scrolling goes down step by step and reaches the visit's depth with the last ping.
    total = np.maximum((count + burst)[visit], 1)
    rows["scroll_from"] = (visits["scroll"][visit] * number // total).astype(np.int16)
    rows["scroll_to"] = (visits["scroll"][visit] * (number + 1) // total).astype(np.int16)
    return rows


def _actions(visits: Columns, actions: Columns) -> Columns:
    """Link clicks and funnel steps: they carry what the tracker knew at that moment, not at the page view."""
    rows = _rows(visits, actions["visit"], LINK_CLICK, actions["at"])
    rows["kind"] = np.where(actions["step"] > 0, FUNNEL, LINK_CLICK).astype(np.int8)
    rows["element"], rows["step"] = actions["element"].astype(np.int8), actions["step"].astype(np.int8)
    rows["person"] = np.where(actions["is_known"], actions["person"], -1)
    rows["is_verified"] = actions["is_verified"]
    return rows


def observe(rng: np.random.Generator, world: World, actions: Columns) -> None:
    """Fill `world.rows` with the events that a perfect tracker would send."""
    parts = [_page_views(world.visits), _pings(rng, world.visits)]
    if actions:
        parts.append(_actions(world.visits, actions))
    world.rows = join_columns(parts)
