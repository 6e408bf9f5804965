"""The two tables that Fivetran replicates: members (accounts) and clients (employers)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.simulate import schema
from scripts.simulate.clients import CLIENTS
from scripts.simulate.clock import DAY, HOUR, MINUTE, SECOND, arrivals, chance, pick, share, to_ms
from scripts.simulate.columns import Columns, Flags, Numbers
from scripts.simulate.ids import draw_ids, id_text
from scripts.simulate.places import EMAIL_DOMAINS, FIRST_NAMES, LAST_NAMES, PLACES
from scripts.simulate.rates import Rates
from scripts.simulate.world import Calendar, join_columns

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
    first = _texts(FIRST_NAMES, rng.integers(0, len(FIRST_NAMES), size))
    last = _texts(LAST_NAMES, rng.integers(0, len(LAST_NAMES), size))
    host = _texts(EMAIL_DOMAINS, rng.integers(0, len(EMAIL_DOMAINS), size))
    born = to_ms(date(calendar.start.year - 75, 1, 1)) // DAY + rng.integers(0, 53 * 365, size)
    synced = created + rng.integers(5, 360, size) * MINUTE
    deleted = chance(rng, size, rates.deleted_accounts)
    number = pa.array(np.arange(1, size + 1)).cast(pa.string())
    mailbox = pc.utf8_lower(pc.binary_join_element_wise(first, last, number, "."))
    columns = {
        "user_id": id_text(rows["id"]),
        "user_name": pc.binary_join_element_wise(first, last, " "),
        "created": _times(created),
        "client_id": _texts([client.id for client in CLIENTS], rows["client"], rows["is_staff"]),
        "is_eligibility_verified": (rows["verified_ms"] >= 0) & (rows["verified_ms"] < calendar.end_ms),
        "birthdate": pa.array(born.astype(np.int32)).cast(pa.date32()),
        "country": _texts([place.country for place in PLACES], rows["geo"]),
        "email": pc.binary_join_element_wise(mailbox, host, "@"),
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


def _texts(values: Sequence[str], position: Numbers, is_null: Flags | None = None) -> pa.StringArray:
    """The text at each position, or NULL."""
    return pa.array(values, pa.string()).take(pa.array(position, mask=is_null))


def _times(milliseconds: Numbers) -> pa.Array:
    return pa.array(milliseconds * 1_000).cast(pa.timestamp("us", tz="UTC"))
