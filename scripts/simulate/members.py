"""The two tables that Fivetran replicates: members (accounts) and clients (employers)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from . import schema
from .clients import CLIENTS
from .clock import DAY, HOUR, MINUTE, SECOND, arrivals, chance, pick, share, to_ms
from .ids import draw_ids, id_text
from .places import EMAIL_DOMAINS, FIRST_NAMES, LAST_NAMES, PLACES
from .rates import Rates
from .world import Calendar, Columns, join_columns

# The members' own stream of chance, apart from the chunks'.
_STREAM = 1_000_003


def select_members(people: Columns, calendar: Calendar) -> Columns:
    """What a member row needs of the people who have an account by the end of the world."""
    has_account = (people["account_ms"] >= 0) & (people["account_ms"] < calendar.end_ms)
    names = ("client", "geo", "is_staff", "account_ms", "verified_ms", "id")
    return {name: people[name][has_account] for name in names}


def members_table(accounts: list[Columns], people: int, seed: int, calendar: Calendar, rates: Rates) -> pa.Table:
    """All members, ordered by creation: those of `accounts` (see `select_members`) and some without any event."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _STREAM])))
    silent = share(people, rates.accounts_without_events)
    offline = {
        "client": pick(rng, silent, [client.weight for client in CLIENTS]),
        "geo": pick(rng, silent, [place.weight for place in PLACES]),
        "is_staff": np.zeros(silent, dtype=bool),
        "account_ms": arrivals(rng, silent, calendar.start, calendar.end),
        "verified_ms": np.full(silent, -1, dtype=np.int64),
        "id": draw_ids(rng, silent),
    }
    rows = join_columns([*accounts, offline])
    # Fivetran knows whole seconds only.
    created = rows["account_ms"] // SECOND * SECOND
    order = np.lexsort((rows["id"][:, 1], rows["id"][:, 0], created))
    rows, created = {name: column[order] for name, column in rows.items()}, created[order]
    size = len(created)
    first = [FIRST_NAMES[at] for at in rng.integers(0, len(FIRST_NAMES), size)]
    last = [LAST_NAMES[at] for at in rng.integers(0, len(LAST_NAMES), size)]
    domain = [EMAIL_DOMAINS[at] for at in rng.integers(0, len(EMAIL_DOMAINS), size)]
    born = date(calendar.start.year - 75, 1, 1)
    birthdates = [born + timedelta(days=int(days)) for days in rng.integers(0, 53 * 365, size)]
    synced = created + rng.integers(5, 360, size) * MINUTE
    deleted = chance(rng, size, rates.deleted_accounts)
    clients = [None if staff else CLIENTS[at].id for at, staff in zip(rows["client"], rows["is_staff"], strict=True)]
    columns = {
        "user_id": id_text(rows["id"]),
        "user_name": [f"{a} {b}" for a, b in zip(first, last, strict=True)],
        "created": _times(created),
        "client_id": clients,
        "is_eligibility_verified": (rows["verified_ms"] >= 0) & (rows["verified_ms"] < calendar.end_ms),
        "birthdate": birthdates,
        "country": [PLACES[at].country for at in rows["geo"]],
        "email": [
            f"{a}.{b}.{at}@{host}".lower() for at, (a, b, host) in enumerate(zip(first, last, domain, strict=True), 1)
        ],
        "_fivetran_deleted": deleted,
        "_fivetran_synced": _times(synced),
    }
    return pa.table(columns, schema=schema.MEMBERS)


def clients_table(calendar: Calendar) -> pa.Table:
    """All clients."""
    synced = _times(np.full(len(CLIENTS), calendar.end_ms - 6 * HOUR))
    created = np.array([to_ms(client.created) for client in CLIENTS]) + 15 * HOUR
    columns = {
        "id": [client.id for client in CLIENTS],
        "name": [client.name for client in CLIENTS],
        "created": _times(created),
        "modified": _times(created + 40 * DAY),
        "client_size": [client.size for client in CLIENTS],
        "client_industry": [client.industry for client in CLIENTS],
        "client_landing_page_url": [f"https://www.wellthy.com/partners/{client.slug}" for client in CLIENTS],
        "verification_type": [client.verification for client in CLIENTS],
        "is_archived": [client.is_archived for client in CLIENTS],
        "_fivetran_deleted": [False] * len(CLIENTS),
        "_fivetran_synced": synced,
    }
    return pa.table(columns, schema=schema.CLIENTS)


def _times(milliseconds: np.ndarray) -> pa.Array:
    return pa.array(milliseconds * 1_000).cast(pa.timestamp("us", tz="UTC"))
