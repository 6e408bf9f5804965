"""Robots that crawl the site. Each kind gives itself away in one way only, so that every rule is needed."""

from __future__ import annotations

import numpy as np

from scripts.simulate.browsers import BOTS, BROWSERS
from scripts.simulate.clock import DAY, HOUR, MINUTE, SECOND, chance, share, spread, to_ms
from scripts.simulate.columns import Columns
from scripts.simulate.ids import draw_ids
from scripts.simulate.pages import FIRST_LANDING, HELP, HOME, LOGIN, RESOURCES, step_page
from scripts.simulate.rates import Rates
from scripts.simulate.world import Calendar, World

# At least so many robots where there are any, of the first three kinds in turn.
FEWEST_BOTS = 12
KINDS = ("useragent", "iab", "yauaa", "busy")
BY_AGENT, BY_IAB, BY_YAUAA, BUSY = range(4)
# Besides, at least one per chunk of people: robots with an ordinary browser and far too many step hits on one day.
FEWEST_BUSY_BOTS = 1
BUSY_HITS = 270
# Browser numbers from here on are the robots' own user agents.
FIRST_BOT_BROWSER = len(BROWSERS)
CRAWLED = (HOME, HELP, RESOURCES, LOGIN, step_page(1), step_page(1), step_page(2), step_page(4), FIRST_LANDING)
PACE_MS = [2_500, 4 * SECOND, 7 * SECOND, 15 * SECOND, 40 * SECOND, 2 * MINUTE, 9 * MINUTE]


def crawl(rng: np.random.Generator, people_count: int, calendar: Calendar, rates: Rates) -> tuple[World, Columns]:
    """The robots that come along with `people_count` people, in the same form as `journeys.live` returns people."""
    count = share(people_count, rates.bots, FEWEST_BOTS)
    total = count + share(people_count, rates.busy_bots, FEWEST_BUSY_BOTS)
    is_busy = np.arange(total) >= count
    kind = np.where(is_busy, BUSY, np.arange(total) % BUSY)
    ordinary = rng.integers(0, len(BROWSERS), total)
    devices = {
        "kind": np.zeros(total, dtype=np.int64),
        "browser": np.where(kind == BY_AGENT, FIRST_BOT_BROWSER + rng.integers(0, len(BOTS), total), ordinary),
        "bot_kind": kind,
        "geo": rng.integers(0, 4, total),
        "screen": np.zeros(total, dtype=np.int64),
        "ip": rng.integers(0, 256, total),
        "skew_ms": np.zeros(total, dtype=np.int64),
        "id": draw_ids(rng, total),
        "network_id": draw_ids(rng, total),
    }
    # One session each: it starts early on some day, so that a busy robot's hits all fall on that day.
    days = (calendar.end - calendar.start).days
    start = to_ms(calendar.start) + rng.integers(0, days, total) * DAY + rng.integers(HOUR, 6 * HOUR, total)
    length = np.where(is_busy, BUSY_HITS, rng.integers(8, 40, total))
    device = np.repeat(np.arange(total), length)
    size = len(device)
    busy_row = is_busy[device]
    pace = np.where(busy_row, rng.integers(3 * SECOND, 90 * SECOND, size), spread(rng, size, PACE_MS))
    elapsed = np.cumsum(pace)
    first = np.repeat(np.cumsum(length) - length, length)
    crawled = np.asarray(CRAWLED)[rng.integers(0, len(CRAWLED), size)]
    never = np.zeros(size, dtype=bool)
    visits = {
        "person": np.full(size, -1, dtype=np.int64),
        "device": device,
        "session": device,
        "page": np.where(busy_row, step_page(1) + rng.integers(0, 2, size), crawled),
        "variant": np.zeros(size, dtype=np.int64),
        "at": start[device] + elapsed - elapsed[first],
        "dwell_ms": pace,
        # Only the busy robot looks human enough to send a ping now and then.
        "active_ms": np.where(busy_row & chance(rng, size, 1_000), np.minimum(pace, 16 * SECOND), 0),
        "burst_ms": np.zeros(size, dtype=np.int64),
        "is_known": never,
        "is_verified": never,
        "is_first": np.arange(size) == first,
        "why": np.zeros(size, dtype=np.int8),
        "scroll": rng.integers(150, 1_001, size),
        "referrer": np.full(size, -1, dtype=np.int64),
        "id": draw_ids(rng, size),
    }
    sessions = {"device": np.arange(total), "number": np.ones(total, dtype=np.int64), "id": draw_ids(rng, total)}
    return World({}, devices, sessions, visits, {}), {}
