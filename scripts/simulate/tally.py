"""How often each kind of dirt occurs in the files: counted on what is written, once the world's end is cut off."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.simulate import schema
from scripts.simulate.bots import BUSY
from scripts.simulate.clients import SSO_CLIENTS
from scripts.simulate.clock import DAY, to_ms
from scripts.simulate.columns import Columns, Flags
from scripts.simulate.dirt import AGENT, DEVICE, EVENT, QUEUED_MS, SESSION, TIME, VIEW, WRONG_DAYS
from scripts.simulate.events import PAGE_VIEW
from scripts.simulate.journeys import CAME_BACK, LOGGED_OUT, LOOKED_IN, PAUSED, READ_HELP, SWITCHED, WENT_BACK
from scripts.simulate.rates import KINDS, Rates
from scripts.simulate.world import Calendar, World

_MISSING = {
    "no_key_at_all": DEVICE | SESSION,
    "no_device_id": DEVICE,
    "no_session": SESSION,
    "no_page_view_id": VIEW,
    "no_user_agent": AGENT,
    "no_device_time": TIME,
}
_WHY = {
    "several_devices": SWITCHED,
    "back_navigation": WENT_BACK,
    "help_detours": READ_HELP,
    "pauses": PAUSED,
    "re_entry": CAME_BACK,
    "looking_in": LOOKED_IN,
    "logging_out": LOGGED_OUT,
}


def tally(world: World, calendar: Calendar) -> Counter[str]:
    """The dirt of a part of the world, by kind: all but that of `tally_members`. Events are counted without copies."""
    return _of_events(world) + _of_visits(world) + _of_devices(world) + _of_people(world.people, calendar)


def tally_members(members: pa.Table, with_events: int) -> Counter[str]:
    """The dirt of the members table, of whose accounts `with_events` belong to somebody with events."""
    deleted = pc.sum(members["_fivetran_deleted"]).as_py() or 0
    return Counter(accounts_without_events=members.num_rows - with_events, deleted_accounts=deleted)


def dirt_table(rates: Rates, counts: Counter[str]) -> pa.Table:
    """One row per kind of dirt: rate, how many of which unit it hit."""
    columns = {
        "kind": list(KINDS),
        "rate": [per_10000 / 10_000 for per_10000 in asdict(rates).values()],
        "count": [counts[name] for name in KINDS],
        "unit": [kind.metadata["unit"] for kind in KINDS.values()],
    }
    return pa.table(columns, schema=schema.TRUTH_DIRT)


def _count(is_hit: Flags) -> int:
    return int(np.count_nonzero(is_hit))


def _of_events(world: World) -> Counter[str]:
    rows, visits = world.rows, world.visits
    is_copy, is_late = rows["is_duplicate"], rows["is_late"]
    visit, missing = rows["visit"], rows["missing"] & ~EVENT
    wrong_days = [to_ms(day) // DAY for day in WRONG_DAYS]
    # A page view comes with its visit, and what comes from another session has strayed.
    is_again = (rows["kind"] == PAGE_VIEW) & (rows["at"] > visits["at"][visit])
    counts = {
        "duplicates": is_copy,
        "late_copies": is_copy & is_late,
        "late_loads": ~is_copy & is_late,
        "queued_sending": ~is_copy & (rows["sent"] - rows["created"] >= QUEUED_MS[0]),
        "stray_pings": ~is_copy & (rows["session"] != visits["session"][visit]),
        "double_fires": ~is_copy & is_again,
        "no_event_id": rows["missing"] & EVENT,
        "implausible_time": np.isin(rows["derived"] // DAY, wrong_days),
        **{kind: ~is_copy & (missing == bits) for kind, bits in _MISSING.items()},
    }
    return Counter({kind: _count(is_hit) for kind, is_hit in counts.items()})


def _of_visits(world: World) -> Counter[str]:
    visits = world.visits
    is_there = np.zeros(len(visits["at"]), dtype=bool)
    is_there[world.rows["visit"]] = True
    counts = Counter({kind: _count(is_there & (visits["why"] & bit > 0)) for kind, bit in _WHY.items()})
    counts["lost_pings"] = int(visits["lost_pings"][is_there].sum())
    counts["visits_without_pings"] = _count(is_there & visits["is_silent"])
    counts["url_variants"] = _count(is_there & (visits["variant"] > 0))
    is_human = is_there & (visits["person"] >= 0)
    user = np.unique(np.stack([visits["device"], visits["person"]])[:, is_human], axis=1)
    counts["shared_devices"] = _count(np.bincount(user[0]) > 1)
    return counts


def _of_devices(world: World) -> Counter[str]:
    devices = world.devices
    is_there = np.zeros(len(devices["id"]), dtype=bool)
    is_there[world.rows["device"]] = True
    is_busy = devices["bot_kind"] == BUSY
    return Counter(
        clock_skew=_count(is_there & (devices["skew_ms"] != 0)),
        bots=_count(is_there & ~is_busy & (devices["bot_kind"] >= 0)),
        busy_bots=_count(is_there & is_busy),
    )


def _of_people(people: Columns, calendar: Calendar) -> Counter[str]:
    has_account = (people["account_ms"] >= 0) & (people["account_ms"] < calendar.end_ms)
    at_sso_client = np.isin(people["client"], SSO_CLIENTS)
    is_sso = has_account & people["is_sso"]
    return Counter(
        staff=_count(has_account & people["is_staff"]),
        single_sign_on=_count(is_sso & at_sso_client),
        single_sign_on_elsewhere=_count(is_sso & ~at_sso_client),
        skipped_mfa=_count(has_account & ~people["is_sso"] & people["skips_mfa"]),
    )
