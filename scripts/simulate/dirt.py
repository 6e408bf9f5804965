"""What goes wrong between a browser and the warehouse, each kind at a rate of its own (see `rates.py`)."""

from __future__ import annotations

from datetime import date

import numpy as np

from scripts.simulate.clock import DAY, HOUR, MINUTE, SECOND, chance, to_ms
from scripts.simulate.columns import Flags, Numbers
from scripts.simulate.events import FUNNEL, LINK_CLICK, PAGE_PING, PAGE_VIEW
from scripts.simulate.ids import draw_ids
from scripts.simulate.pages import CALLBACK, step_page
from scripts.simulate.rates import Rates
from scripts.simulate.world import Calendar, World, join_columns, take

# Bits of the column `missing`: which of a row's values the tracker did not send.
DEVICE, SESSION, VIEW, AGENT, TIME, EVENT = 1, 2, 4, 8, 16, 32
# The days of implausible times.
WRONG_DAYS = (date(1970, 1, 1), date(2262, 4, 1))
QUEUED_MS = (SECOND, 30 * SECOND)

NETWORK_MS = (25, 350)
ETL_BATCH_MS = MINUTE
LOAD_BATCH_MS = 10 * MINUTE


def _is_human(world: World) -> Flags:
    """Per row: it belongs to an ordinary person's visit, neither to a robot's nor to staff's."""
    person = world.visits["person"][world.rows["visit"]]
    return (person >= 0) & ~world.people["is_staff"][person]


def _late_ms(rng: np.random.Generator, size: int, per_10000: int, late_days: int) -> Numbers:
    """By how many ms the loading of each of `size` rows is delayed: 0 for most."""
    return np.where(chance(rng, size, per_10000), rng.integers(2 * HOUR, late_days * DAY - 30 * MINUTE, size), 0)


def lose_pings(rng: np.random.Generator, world: World, calendar: Calendar, rates: Rates) -> None:
    """Some pings never arrive; some visits lose all of theirs. Counted per visit, as long as the world lasts."""
    rows, visits = world.rows, world.visits
    size = len(visits["at"])
    is_ping = rows["kind"] == PAGE_PING
    lost = is_ping & chance(rng, len(rows["at"]), rates.lost_pings)
    silent = is_ping & chance(rng, size, rates.visits_without_pings)[rows["visit"]]
    counted = rows["at"] < calendar.end_ms
    visits["lost_pings"] = np.bincount(rows["visit"][lost & ~silent & counted], minlength=size)
    visits["is_silent"] = np.zeros(size, dtype=bool)
    visits["is_silent"][rows["visit"][silent & counted]] = True
    world.rows = take(rows, np.flatnonzero(~(lost | silent)))


def stray_pings(rng: np.random.Generator, world: World, rates: Rates) -> None:
    """A page left open sends a ping under its old page view id in the device's next session."""
    visits, sessions = world.visits, world.sessions
    order = np.lexsort((sessions["number"], sessions["device"]))
    following = np.full(len(order), -1, dtype=np.int64)
    same = sessions["device"][order[1:]] == sessions["device"][order[:-1]]
    following[order[:-1]] = np.where(same, order[1:], -1)
    first_visit = np.full(len(order), -1, dtype=np.int64)
    opens = np.flatnonzero(visits["is_first"])
    first_visit[visits["session"][opens]] = opens

    left = np.flatnonzero(chance(rng, len(visits["at"]), rates.stray_pings) & (following[visits["session"]] >= 0))
    then = first_visit[following[visits["session"][left]]]
    stray = {
        "visit": left,
        "page_view": left,
        "session": visits["session"][then],
        "device": visits["device"][then],
        "person": np.where(visits["is_known"][then], visits["person"][then], -1),
        "kind": np.full(len(left), PAGE_PING, dtype=np.int8),
        "element": np.full(len(left), -1, dtype=np.int8),
        "step": np.full(len(left), -1, dtype=np.int8),
        "is_verified": visits["is_verified"][then],
        "at": visits["at"][then] + SECOND + rng.integers(0, SECOND, len(left)),
        "scroll_from": visits["scroll"][left].astype(np.int16),
        "scroll_to": visits["scroll"][left].astype(np.int16),
    }
    world.rows = join_columns([world.rows, stray])


def double_fires(rng: np.random.Generator, world: World, rates: Rates) -> Flags:
    """Some page views are sent twice within two seconds; half of the second ones get a page view id of their own.

    Later pings keep the first id, and these visits get no other dirt on their keys: what is one visit stays beyond
    doubt. Returns per visit whether it was fired twice.
    """
    rows, visits = world.rows, world.visits
    fires = (rows["kind"] == PAGE_VIEW) & (visits["page"][rows["visit"]] != CALLBACK) & _is_human(world)
    again = take(rows, np.flatnonzero(fires & chance(rng, len(fires), rates.double_fires)))
    size = len(again["at"])
    # More than the network's jitter, less than two seconds: the second one stays the second one.
    again["at"] = again["at"] + rng.integers(400, 1_400, size)
    other_id = np.flatnonzero(chance(rng, size, 5_000))
    copies = take(visits, again["visit"][other_id])
    copies["id"] = draw_ids(rng, len(other_id))
    again["page_view"] = again["page_view"].copy()
    again["page_view"][other_id] = len(visits["at"]) + np.arange(len(other_id))
    world.visits = join_columns([visits, copies])
    world.rows = join_columns([rows, again])
    is_double = np.zeros(len(world.visits["at"]), dtype=bool)
    is_double[again["visit"]] = True
    return is_double


def _batches(collector: Numbers, late: Numbers) -> tuple[Numbers, Numbers]:
    """When rows are enriched and loaded: the end of a batch each; a load takes up to a minute."""
    etl = (collector // ETL_BATCH_MS + 1) * ETL_BATCH_MS + 250
    batch = (etl + late) // LOAD_BATCH_MS + 1
    return etl, batch * LOAD_BATCH_MS + batch * 7_919 % 60_000


def stamp(rng: np.random.Generator, world: World, rates: Rates, late_days: int) -> None:
    """Give every row its six times (ms) and its event id; some devices' clocks are wrong, some loads are late."""
    rows = world.rows
    size = len(rows["at"])
    network = rng.integers(*NETWORK_MS, size)
    delay = rng.integers(2, 60, size)
    delay = np.where(chance(rng, size, rates.queued_sending), rng.integers(*QUEUED_MS, size), delay)
    late = _late_ms(rng, size, rates.late_loads, late_days)
    rows["created"] = rows["at"] + world.devices["skew_ms"][rows["device"]]
    rows["sent"] = rows["created"] + delay
    rows["collector"] = rows["at"] + delay + network
    rows["derived"] = rows["collector"] - (rows["sent"] - rows["created"])
    rows["etl"], rows["load"] = _batches(rows["collector"], late)
    rows["id"] = draw_ids(rng, size)
    rows["missing"] = np.zeros(size, dtype=np.int8)
    rows["is_duplicate"] = np.zeros(size, dtype=bool)
    rows["is_late"] = late > 0


def lose_keys(rng: np.random.Generator, world: World, is_double: Flags, rates: Rates) -> None:
    """Leave out single values where the tracker failed to send them; at most one kind per row."""
    rows = world.rows
    kind, is_known = rows["kind"], rows["person"] >= 0
    page = world.visits["page"][rows["visit"]]
    is_step_page = (page >= step_page(1)) & (page <= step_page(10))
    is_entry = (kind == PAGE_VIEW) & (page == step_page(1)) | (kind == FUNNEL) & (rows["step"] == 1)
    is_other_view = (kind == PAGE_VIEW) & ~is_step_page
    may = _is_human(world) & ~is_double[rows["visit"]]
    for bits, rate, where in (
        (DEVICE | SESSION, rates.no_key_at_all, ~is_known),
        (DEVICE, rates.no_device_id, is_known),
        # A step's view keeps its session: otherwise the time on the page before would be anybody's guess.
        (SESSION, rates.no_session, (kind == PAGE_PING) | is_other_view),
        (VIEW, rates.no_page_view_id, (kind == PAGE_PING) | (kind == PAGE_VIEW)),
        # An entry keeps its user agent, which says on which device the person entered.
        (AGENT, rates.no_user_agent, ~is_entry),
        (TIME, rates.no_device_time, (kind == LINK_CLICK) | is_other_view),
    ):
        which = may & where & (rows["missing"] == 0) & chance(rng, len(kind), rate)
        rows["missing"][which] = bits
    # Without device time there is nothing to correct: the collector's time is the event's.
    no_time = (rows["missing"] & TIME) > 0
    rows["derived"] = np.where(no_time, rows["collector"], rows["derived"])


def cut(world: World, calendar: Calendar) -> None:
    """Nothing happens after the end of the world, and what is not loaded by then is not in the files."""
    rows = world.rows
    is_in_time = (rows["derived"] < calendar.end_ms) & (rows["load"] < calendar.end_ms)
    world.rows = take(rows, np.flatnonzero(is_in_time))


def reject(rng: np.random.Generator, world: World, rates: Rates) -> Flags:
    """Some events of ordinary people have no id, or a time that cannot be: the models do not take them for events.

    Returns which rows.
    """
    rows = world.rows
    size = len(rows["at"])
    is_human = _is_human(world)
    no_id = is_human & chance(rng, size, rates.no_event_id)
    is_wrong = is_human & ~no_id & chance(rng, size, rates.implausible_time)
    rows["missing"][no_id] |= EVENT
    past, future = (to_ms(day) for day in WRONG_DAYS)
    wrong_day = np.where(chance(rng, size, 5_000), past, future)
    rows["derived"] = np.where(is_wrong, wrong_day + rows["derived"] % DAY, rows["derived"])
    return no_id | is_wrong


def duplicates(
    rng: np.random.Generator, world: World, calendar: Calendar, is_rejected: Flags, rates: Rates, late_days: int
) -> None:
    """Some events are sent and collected again seconds later; some of these copies are loaded days later.

    Not those that are rejected: without an id nobody could tell a copy.
    """
    rows = world.rows
    copies = take(rows, np.flatnonzero(chance(rng, len(rows["at"]), rates.duplicates) & ~is_rejected))
    size = len(copies["at"])
    wait = rng.integers(SECOND, 9 * SECOND, size)
    late = _late_ms(rng, size, rates.late_copies, late_days)
    copies["sent"] = copies["sent"] + wait
    copies["collector"] = copies["collector"] + wait
    no_time = (copies["missing"] & TIME) > 0
    copies["derived"] = np.where(no_time, copies["collector"], copies["derived"])
    copies["etl"], load = _batches(copies["collector"], late)
    copies["load"] = np.maximum(copies["load"], load)
    copies["is_duplicate"] = np.ones(size, dtype=bool)
    copies["is_late"] = late > 0
    in_time = np.flatnonzero(copies["load"] < calendar.end_ms)
    world.rows = join_columns([rows, take(copies, in_time)])


def soil(rng: np.random.Generator, world: World, calendar: Calendar, rates: Rates, late_days: int) -> None:
    """All of it, in the order in which it happens in life."""
    lose_pings(rng, world, calendar, rates)
    stray_pings(rng, world, rates)
    is_double = double_fires(rng, world, rates)
    stamp(rng, world, rates, late_days)
    lose_keys(rng, world, is_double, rates)
    cut(world, calendar)
    # By a stream of its own: a rate of 0 leaves all other draws as they are.
    is_rejected = reject(rng.spawn(1)[0], world, rates)
    duplicates(rng, world, calendar, is_rejected, rates, late_days)
