"""How much dirt of each kind there is: the one list of kinds, with their defaults and meanings."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from decimal import Decimal, InvalidOperation

# Late loads and late copies come at most so many days after collection.
LATE_DAYS = 3


def _kind(per_10000: int, unit: str, of: str, meaning: str) -> int:
    """A kind of dirt: default rate per 10,000 `of` something, and the `unit` in which it is counted in the files."""
    return field(default=per_10000, metadata={"unit": unit, "of": of, "meaning": meaning})


@dataclass(frozen=True)
class Rates:
    """The rate of each kind of dirt, in 10,000ths."""

    duplicates: int = _kind(80, "events", "events", "collected again 1 to 9 s later")
    late_copies: int = _kind(2_500, "events", "those copies", "loaded hours to --late-days later")
    late_loads: int = _kind(50, "events", "events", "loaded 2 h to --late-days after collection")
    clock_skew: int = _kind(150, "devices", "devices", "the clock is 1 to 12 h off")
    queued_sending: int = _kind(100, "events", "events", "sent 1 to 30 s after creation")
    bots: int = _kind(60, "devices", "people, on top", "robots, at least 12 unless 0")
    busy_bots: int = _kind(2, "devices", "people, on top", "robots in disguise, at least 1 per 4,096 unless 0")
    staff: int = _kind(60, "accounts", "people, on top", "colleagues, at least 3 unless 0")
    shared_devices: int = _kind(300, "devices", "people", "sign up two to a device")
    several_devices: int = _kind(1_500, "sessions", "pauses", "goes on on the other device; returns a third as often")
    single_sign_on: int = _kind(9_200, "accounts", "people at two clients", "neither password nor MFA page")
    single_sign_on_elsewhere: int = _kind(500, "accounts", "people at other clients", "neither password nor MFA page")
    skipped_mfa: int = _kind(1_200, "accounts", "the other people", "no MFA page")
    back_navigation: int = _kind(400, "visits", "step visits", "to the page before and back")
    help_detours: int = _kind(200, "visits", "step visits", "to the help page and back")
    pauses: int = _kind(
        1_200, "sessions", "visits of Create Care Recipient", "in a new session; other steps in proportion"
    )
    re_entry: int = _kind(1_500, "people", "people who gave up", "a second attempt")
    looking_in: int = _kind(300, "visits", "returns", "the home page without a login")
    logging_out: int = _kind(300, "visits", "returns", "the home page after logging out")
    lost_pings: int = _kind(150, "pings", "pings", "never arrive")
    visits_without_pings: int = _kind(50, "visits", "visits", "none of their pings arrives")
    stray_pings: int = _kind(60, "pings", "visits", "a ping under the old page view id in the next session")
    double_fires: int = _kind(60, "events", "page views", "again within 2 s under another event id")
    url_variants: int = _kind(300, "visits", "visits", "case, slash, query or fragment in the address")
    no_key_at_all: int = _kind(25, "events", "anonymous events", "neither user, device nor session")
    no_device_id: int = _kind(8, "events", "known events", "domain_userid NULL")
    no_session: int = _kind(10, "events", "pings and views of other pages", "domain_sessionid NULL")
    no_page_view_id: int = _kind(8, "events", "pings and page views", "no web page context")
    no_user_agent: int = _kind(15, "events", "events but entries", "useragent NULL")
    no_device_time: int = _kind(10, "events", "clicks and views of other pages", "dvce_* NULL")
    no_event_id: int = _kind(0, "events", "events", "event_id NULL: rejected")
    implausible_time: int = _kind(0, "events", "events", "derived_tstamp in 1970 or 2262: rejected")
    accounts_without_events: int = _kind(100, "accounts", "people, on top", "in members only")
    deleted_accounts: int = _kind(100, "accounts", "accounts", "_fivetran_deleted")


DEFAULT_RATES = Rates()
KINDS: dict[str, Field[int]] = {kind.name: kind for kind in fields(Rates)}


def read_rate(text: str) -> tuple[str, int]:
    """Read KIND=RATE (a rate from 0 to 1) as the kind and its rate in 10,000ths.

    Raises ValueError, with one line for people, for an unknown kind and for what is not such a rate.
    """
    kind, equals, rate_text = text.partition("=")
    if not equals:
        raise ValueError(f"not KIND=RATE like duplicates=0.05: {text!r}")
    if kind not in KINDS:
        raise ValueError(f"no such kind of dirt: {kind!r} (--help lists them)")
    try:
        per_10000 = Decimal(rate_text) * 10_000
    except InvalidOperation:
        raise ValueError(f"{kind}: not a number: {rate_text!r}") from None
    if not per_10000.is_finite() or not 0 <= per_10000 <= 10_000 or per_10000 % 1:
        raise ValueError(f"{kind}: must be from 0 to 1 in steps of 0.0001, not {rate_text}")
    return kind, int(per_10000)


def listing() -> str:
    """All kinds with default and meaning, one line each."""
    lines = ["kinds of dirt, with the rate that each has by default:"]
    for name, kind in KINDS.items():
        rate = getattr(DEFAULT_RATES, name) / 10_000
        lines.append(f"  {name:<25}{rate:<8g}of {kind.metadata['of']}: {kind.metadata['meaning']}")
    return "\n".join(lines)
