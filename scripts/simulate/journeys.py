"""People live their signup: which pages they see, when, on which device, and where they give up.

Everybody of a chunk walks through the steps together (NumPy arrays, one element per person), so that a world of
millions takes minutes. Nothing here knows about Snowplow rows.
"""

from __future__ import annotations

import numpy as np

from scripts.simulate.browsers import BROWSERS, DESKTOP, DEVICE_WEIGHTS, PHONE, SCREENS
from scripts.simulate.clients import CLIENTS, FAILING_CLIENT, SSO_CLIENTS
from scripts.simulate.clock import DAY, HOUR, MINUTE, SECOND, arrivals, chance, pick, share, spread, to_ms
from scripts.simulate.columns import Columns, Flags, Numbers
from scripts.simulate.ids import draw_ids
from scripts.simulate.pages import (
    CALLBACK,
    DASHBOARD_STEP,
    FIRST_LANDING,
    HELP,
    HOME,
    LOGIN,
    NEXT_STEPS,
    OTHER_ELEMENTS,
    PAGES,
    REFERRAL_STEP,
    RESOURCES,
    step_page,
)
from scripts.simulate.places import FIRST_INTRANET, PLACES
from scripts.simulate.rates import Rates
from scripts.simulate.world import Calendar, World

# Chances per 10,000 that a person gives up on the page of a step, before submitting it.
GIVES_UP = {1: 2_450, 2: 700, 3: 600, 4: 600, 5: 1_450, 6: 600, 7: 1_550, 8: 1_050, 9: 500, 10: 0}
GIVES_UP_AT_NEXT_STEPS_ON_PHONE = 1_100
GIVES_UP_AT_FAILING_CLIENT = 5_000
# Of those who give up at the eligibility check: they confirmed their country, pressed the button, and were refused.
IS_REFUSED = 7_500
# How often a person leaves a step's page for hours to weeks and comes back to it, in proportion to each other.
PAUSES = {1: 300, 2: 250, 3: 300, 4: 450, 5: 1_000, 6: 500, 7: 500, 8: 1_200, 9: 700, 10: 0}
MOST_PAUSES = max(PAUSES.values())
PAUSE_MS = [hours * HOUR for hours in (1, 2, 5, 14, 22, 48, 96, 192, 336, 480, 650)]
STILL_LOGGED_IN = 6_000
ENTERS_AGAIN_AFTER_PAUSE = 1_200
# People who gave up and come back for a second attempt, from Create Account or from where they were.
COMES_BACK_MS = [hours * HOUR for hours in (1, 6, 24, 72, 144, 288, 480, 696, 960, 1_320)]
STARTS_OVER = 5_500
# Converters come back to their dashboard again and again.
RETURNS_TO_DASHBOARD = 6_200
MAX_RETURNS = 8
RETURN_MS = [hours * HOUR for hours in (4, 20, 24, 48, 72, 120, 168, 216, 312)]
# At least so many colleagues where there are any.
FEWEST_STAFF = 3
# Time on a page, in thousandths of the page's median; then the share of it that the person is active.
DWELL_SHAPE = (180, 330, 450, 550, 640, 730, 820, 910, 1_000, 1_110, 1_250, 1_430, 1_680, 2_050, 2_700, 4_200, 12_000)
ACTIVE_SHAPE = (100, 350, 550, 700, 800, 900, 1_000, 1_000, 1_000)
SHORTEST_VISIT = 3 * SECOND
IN_BACKGROUND = 80
BACKGROUND_MS = [10 * MINUTE, 29 * MINUTE]
VERY_LONG = 20
VERY_LONG_MS = [31 * MINUTE, 45 * MINUTE]
# How often each other spelling of an address occurs, in proportion to each other.
SPELLINGS = (75, 75, 75, 40, 35)
OTHER_CLICKS = 300
SESSIONS_PER_PERSON = 64

# Bits of a visit's column `why`: which dirt made the visit; the first three stand on the first visit of a session only.
PAUSED, CAME_BACK, SWITCHED, WENT_BACK, READ_HELP, LOOKED_IN, LOGGED_OUT = 1, 2, 4, 8, 16, 32, 64


class _Walk:
    """Where everybody is: one element per person in each array, changed in place as they go on."""

    def __init__(
        self, rng: np.random.Generator, people: Columns, devices: Columns, start_ms: Numbers, rates: Rates
    ) -> None:
        count = len(start_ms)
        self.rng, self.people, self.devices, self.rates = rng, people, devices, rates
        self.variant_weights = _variant_weights(rates.url_variants)
        self.now = start_ms.copy()
        self.session = np.zeros(count, dtype=np.int64)
        self.slot = np.zeros(count, dtype=np.int64)
        self.is_fresh = np.ones(count, dtype=bool)
        self.why_session = np.zeros(count, dtype=np.int8)
        self.is_known = np.zeros(count, dtype=bool)
        self.is_verified = np.zeros(count, dtype=bool)
        self.last_visit = np.full(count, -1, dtype=np.int64)
        self.page_before = np.full(count, HOME, dtype=np.int64)
        self.visits: list[Columns] = []
        self.visit_count = 0
        self.actions: list[Columns] = []

    def device(self, who: Numbers) -> Numbers:
        """The device that each person holds now."""
        return np.where(self.slot[who] == 0, self.people["first_device"][who], self.people["second_device"][who])

    def kind(self, who: Numbers) -> Numbers:
        """Desktop, phone or tablet."""
        return self.devices["kind"][self.device(who)]

    def view(self, who: Numbers, page: Numbers | int, why: int = 0) -> None:
        """The people `who` (positions) open a page and stay on it for a while; `why` is one of the bits, or 0."""
        size, rng = len(who), self.rng
        page = np.full(size, page, dtype=np.int64)
        is_callback = page == CALLBACK
        device = self.device(who)
        is_phone = self.devices["kind"][device] == PHONE
        dwell = _MEDIAN_MS[is_phone.astype(np.int64), page] * spread(rng, size, DWELL_SHAPE) // 1_000
        dwell = np.where(is_callback, np.clip(dwell, SECOND // 2, 4 * SECOND), np.maximum(dwell, SHORTEST_VISIT))
        active = dwell * spread(rng, size, ACTIVE_SHAPE) // 1_000
        in_background = chance(rng, size, IN_BACKGROUND) & ~is_callback
        dwell = np.where(in_background, spread(rng, size, BACKGROUND_MS), dwell)
        # Longer than half an hour in one session is only possible with a sign of life in the middle.
        very_long = chance(rng, size, VERY_LONG) & ~in_background & ~is_callback
        dwell = np.where(very_long, spread(rng, size, VERY_LONG_MS), dwell)
        # On the planted page a phone has to be scrolled nearly to the end.
        far_below = (page == step_page(NEXT_STEPS)) & is_phone
        scroll = np.where(far_below, rng.integers(780, 1_001, size), rng.integers(150, 1_001, size))
        self.visits.append(
            {
                "person": who,
                "device": device,
                "session": who * SESSIONS_PER_PERSON + self.session[who],
                "page": page,
                "variant": pick(rng, size, self.variant_weights),
                "at": self.now[who],
                "dwell_ms": dwell,
                "active_ms": np.minimum(active, dwell),
                "burst_ms": np.where(very_long, dwell // 2, 0),
                "is_known": self.is_known[who],
                "is_verified": self.is_verified[who],
                "is_first": self.is_fresh[who],
                "why": np.where(self.is_fresh[who], self.why_session[who], 0).astype(np.int8) | np.int8(why),
                "scroll": scroll,
            }
        )
        self.last_visit[who] = self.visit_count + np.arange(size)
        self.visit_count += size
        self.is_fresh[who] = False
        self.now[who] += dwell
        stray = chance(rng, size, OTHER_CLICKS) & ~is_callback
        element = _OTHER_ELEMENTS[rng.integers(0, len(OTHER_ELEMENTS), size)]
        self.act(who[stray], element=element[stray], before=dwell[stray] // 3)

    def act(self, who: Numbers, *, element: Numbers | int = -1, step: int = -1, before: Numbers) -> None:
        """They click a link, or send a MEMBER_INTAKE step, `before` ms ahead of leaving the page they are on."""
        self.actions.append(
            {
                "visit": self.last_visit[who],
                "person": who,
                "element": np.full(len(who), element, dtype=np.int64),
                "step": np.full(len(who), step, dtype=np.int64),
                "at": self.now[who] - before,
                "is_known": self.is_known[who],
                "is_verified": self.is_verified[who],
            }
        )

    def between(self, who: Numbers, low: int, high: int) -> Numbers:
        """A few ms for each person, from `low` up to but not including `high`."""
        return self.rng.integers(low, high, len(who))

    def leave(self, who: Numbers, away_ms: Numbers, other_device: int, why: int = 0) -> None:
        """They close the page; a new session starts `away_ms` later, perhaps on their other device."""
        self.now[who] += away_ms
        self.session[who] += 1
        self.is_fresh[who] = True
        switch = chance(self.rng, len(who), other_device)
        self.slot[who] = np.where(switch, 1 - self.slot[who], self.slot[who])
        self.why_session[who] = np.where(switch, why | SWITCHED, why)
        self.is_known[who] &= ~switch & chance(self.rng, len(who), STILL_LOGGED_IN)

    def log_in(self, who: Numbers) -> None:
        """Those who are not logged in do so."""
        who = who[~self.is_known[who]]
        self.view(who, LOGIN)
        self.is_known[who] = True


_MEDIAN_MS = np.array([[page.large_ms for page in PAGES], [page.phone_ms for page in PAGES]], dtype=np.int64)

_OTHER_ELEMENTS = np.array(OTHER_ELEMENTS)


def _variant_weights(per_10000: int) -> list[int]:
    """The weights of all spellings of an address, given how many of 10,000 visits have another than the first."""
    others = [per_10000 * weight // sum(SPELLINGS) for weight in SPELLINGS[:-1]]
    return [10_000 - per_10000, *others, per_10000 - sum(others)]


def _draw_people(
    rng: np.random.Generator, count: int, calendar: Calendar, rates: Rates
) -> tuple[Columns, Columns, Numbers]:
    """People, their two devices each (the second may stay unused), and the moment each of them arrives."""
    total = count + share(count, rates.staff, FEWEST_STAFF)
    client = pick(rng, total, [client.weight for client in CLIENTS])
    sso_rate = np.where(np.isin(client, SSO_CLIENTS), rates.single_sign_on, rates.single_sign_on_elsewhere)
    sso = chance(rng, total, sso_rate)
    geo = pick(rng, total, [place.weight for place in PLACES])
    arrive = arrivals(rng, total, calendar.start, calendar.end)
    first = np.arange(total, dtype=np.int64) * 2

    # Shared devices: the second of a pair comes to the device of the first, well after the first has finished.
    pairs = np.flatnonzero(chance(rng, count // 2, rates.shared_devices)) * 2
    is_settled = np.zeros(total, dtype=bool)
    is_settled[pairs] = True
    gap = 16 * HOUR + rng.integers(0, 3 * DAY, total)
    arrive[pairs + 1] = arrive[pairs] + gap[pairs]
    first[pairs + 1] = first[pairs]
    geo[pairs + 1] = geo[pairs]
    people = {
        "client": client,
        "geo": geo,
        "is_sso": sso,
        "is_staff": np.arange(total) >= count,
        # The first of a pair signs up at one sitting, so that nobody's session overlaps another's.
        "is_settled": is_settled,
        "first_device": first,
        "second_device": np.arange(total, dtype=np.int64) * 2 + 1,
        "account_ms": np.full(total, -1, dtype=np.int64),
        "verified_ms": np.full(total, -1, dtype=np.int64),
        "id": draw_ids(rng, total),
    }
    kind = pick(rng, 2 * total, DEVICE_WEIGHTS)
    # Who starts on a desktop has a phone in the pocket, and the other way round.
    kind[1::2] = np.where(kind[0::2] == DESKTOP, PHONE, DESKTOP)
    return people, _draw_devices(rng, kind, np.repeat(geo, 2), rates), arrive


def _draw_devices(rng: np.random.Generator, kind: Numbers, geo: Numbers, rates: Rates) -> Columns:
    """Devices of the given kinds, with browser, screen, clock and ids."""
    size = len(kind)
    browser: Numbers = np.zeros(size, dtype=np.int64)
    for which in range(len(DEVICE_WEIGHTS)):
        weights = [entry.weight if entry.device == which else 0 for entry in BROWSERS]
        browser = np.where(kind == which, pick(rng, size, weights), browser)
    skew = rng.integers(1 * HOUR, 12 * HOUR, size) * (2 * rng.integers(0, 2, size) - 1)
    return {
        "kind": kind,
        "browser": browser,
        "bot_kind": np.full(size, -1, dtype=np.int64),
        "geo": geo,
        "screen": rng.integers(0, len(SCREENS[0]), size),
        "ip": rng.integers(0, 256, size),
        "skew_ms": np.where(chance(rng, size, rates.clock_skew), skew, 0),
        "id": draw_ids(rng, size),
        "network_id": draw_ids(rng, size),
    }


def _arrive(walk: _Walk, who: Numbers) -> None:
    """Before the first step: the client's landing page, the home page, something to read, or nothing."""
    door = pick(walk.rng, len(who), [45, 30, 25])
    walk.view(who[door == 0], FIRST_LANDING + walk.people["client"][who[door == 0]])
    walk.view(who[door == 1], HOME)
    reads = chance(walk.rng, len(who), 900)
    walk.view(who[reads], np.where(chance(walk.rng, int(reads.sum()), 6_000), RESOURCES, HELP))


def _create_account(walk: _Walk, who: Numbers) -> None:
    """The account exists from now on, and the tracker knows the user."""
    before = walk.between(who, 250, 400)
    walk.is_known[who] = True
    walk.people["account_ms"][who] = walk.now[who] - before
    walk.act(who, step=1, before=before)


def _come_back_to(walk: _Walk, who: Numbers, step: int) -> None:
    """After a pause: log in if need be and return to the page of a step; without an account, begin again."""
    has_account = walk.people["account_ms"][who] >= 0
    # Some do not remember that they have an account and press "sign up" first.
    again = np.where(has_account, chance(walk.rng, len(who), ENTERS_AGAIN_AFTER_PAUSE) & ~walk.is_known[who], step > 1)
    walk.view(who[again], step_page(1))
    if step == 3:
        walk.view(who[~has_account], step_page(2))
    walk.log_in(who[has_account])
    walk.view(who, step_page(step))


def _gives_up(walk: _Walk, who: Numbers, step: int, has_account: Flags) -> Flags:
    """Which of the people on a step's page give up there."""
    people = walk.people
    odds = np.full(len(who), GIVES_UP[step])
    if step == 5:
        odds[people["client"][who] == FAILING_CLIENT] = GIVES_UP_AT_FAILING_CLIENT
    if step == NEXT_STEPS:
        odds[walk.kind(who) == PHONE] = GIVES_UP_AT_NEXT_STEPS_ON_PHONE
    if step <= 3:
        # Staff and the first of two on a shared device do create their account; nobody creates a second one.
        odds[has_account | people["is_staff"][who] | people["is_settled"][who]] = 0
    return chance(walk.rng, len(who), odds)


def _detours(walk: _Walk, who: Numbers, step: int) -> None:
    """Some go back a page, or read the help page, and then open the step's page again."""
    back = chance(walk.rng, len(who), walk.rates.back_navigation)
    walk.view(who[back], walk.page_before[who[back]], WENT_BACK)
    walk.view(who[back], step_page(step))
    reads = chance(walk.rng, len(who), walk.rates.help_detours)
    walk.view(who[reads], HELP, READ_HELP)
    walk.view(who[reads], step_page(step))


def _submit(walk: _Walk, who: Numbers, step: int, has_account: Flags) -> None:
    """The call to action of a step's page is clicked, and what follows from it."""
    click = walk.between(who, 500, 900)
    walk.act(who, element=step - 1, before=click)
    if step <= 3:
        fresh = who[~has_account]
        sso = walk.people["is_sso"][fresh]
        if step == 1:
            walk.view(fresh[sso], CALLBACK)
            _create_account(walk, fresh[sso])
        elif step == 2:
            skips = walk.people["skips_mfa"][fresh]
            _create_account(walk, fresh[skips])
        else:
            _create_account(walk, fresh)
        if step == 1:
            # Whoever has an account already is told so and logs in.
            walk.log_in(who[has_account])
    elif step == 4:
        walk.act(who, step=2, before=walk.between(who, 50, 400))
    elif step == 5:
        walk.act(who, step=3, before=walk.between(who, 1_500, 2_500))
        before = walk.between(who, 50, 400)
        walk.act(who, step=4, before=before)
        verified = walk.people["verified_ms"]
        verified[who] = np.where(verified[who] < 0, walk.now[who] - before, verified[who])
        walk.is_verified[who] = True
    elif step == 8:
        walk.act(who, step=5, before=walk.between(who, 50, 400))
    walk.page_before[who] = step_page(step)


def _attempt(walk: _Walk, who: Numbers, first_step: Numbers, referral_ms: int) -> tuple[Numbers, Numbers]:
    """One attempt to sign up, from `first_step` on (one per person). Returns who gave up, and at which step."""
    rng, people = walk.rng, walk.people
    is_on = np.ones(len(who), dtype=bool)
    stopped_at = np.zeros(len(who), dtype=np.int64)
    for step in range(1, DASHBOARD_STEP):
        here = is_on & (first_step <= step)
        has_account = people["account_ms"][who] >= 0
        if step in (2, 3):
            here &= ~has_account
        if step == REFERRAL_STEP:
            here &= walk.now[who] >= referral_ms
        at = np.flatnonzero(here)
        walk.view(who[at], step_page(step))
        _detours(walk, who[at], step)

        stops = at[_gives_up(walk, who[at], step, has_account[at])]
        is_on[stops] = False
        stopped_at[stops] = step
        if step == 5:
            refused = who[stops[chance(rng, len(stops), IS_REFUSED)]]
            walk.act(refused, step=3, before=walk.between(refused, 1_500, 2_500))
            walk.act(refused, element=step - 1, before=walk.between(refused, 500, 900))
        at = at[is_on[at]]

        pauses = chance(rng, len(at), PAUSES[step] * walk.rates.pauses // MOST_PAUSES) & ~people["is_settled"][who[at]]
        if step <= 3:
            pauses &= ~has_account[at] & ~people["is_staff"][who[at]]
        away = who[at[pauses]]
        walk.leave(away, spread(rng, len(away), PAUSE_MS), walk.rates.several_devices, PAUSED)
        _come_back_to(walk, away, step)
        _submit(walk, who[at], step, has_account[at])

    done = who[is_on]
    walk.view(done, step_page(DASHBOARD_STEP))
    new = done[~people["has_project"][done]]
    stay = walk.visits[-1]["dwell_ms"][~people["has_project"][done]]
    walk.act(new, step=6, before=stay - walk.between(new, 900, 2_400))
    people["has_project"][new] = True
    return ~is_on, stopped_at


def _return_to_dashboard(walk: _Walk, who: Numbers) -> None:
    """Converters come back for weeks; now and then one only looks in without logging in, or logs out."""
    rates = walk.rates
    for _ in range(MAX_RETURNS):
        who = who[chance(walk.rng, len(who), RETURNS_TO_DASHBOARD)]
        walk.leave(who, spread(walk.rng, len(who), RETURN_MS), rates.several_devices // 3)
        looks_in = chance(walk.rng, len(who), rates.looking_in)
        walk.is_known[who[looks_in]] = False
        walk.view(who[looks_in], HOME, LOOKED_IN)
        who = who[~looks_in]
        walk.log_in(who)
        walk.view(who, step_page(DASHBOARD_STEP))
        walk.view(who[chance(walk.rng, len(who), 2_500)], RESOURCES)
        out = who[chance(walk.rng, len(who), rates.logging_out)]
        walk.is_known[out] = False
        walk.view(out, HOME, LOGGED_OUT)


def live(rng: np.random.Generator, count: int, calendar: Calendar, rates: Rates) -> tuple[World, Columns]:
    """`count` signup visitors and some staff live their journeys.

    Returns the world without source rows (it may run past the calendar's end; events are cut later), and the actions:
    visit, person, element (-1: none), step (-1: none), at (ms), is_known, is_verified.
    """
    people, devices, arrive = _draw_people(rng, count, calendar, rates)
    people["skips_mfa"] = chance(rng, len(arrive), rates.skipped_mfa)
    people["has_project"] = np.zeros(len(arrive), dtype=bool)
    walk = _Walk(rng, people, devices, arrive, rates)
    everybody = np.arange(len(arrive))
    referral_ms = to_ms(calendar.referral_step_from)

    _arrive(walk, everybody)
    gave_up, stopped_at = _attempt(walk, everybody, np.ones(len(arrive), dtype=np.int64), referral_ms)
    back = everybody[gave_up & chance(rng, len(arrive), rates.re_entry) & ~people["is_settled"]]
    walk.leave(back, spread(rng, len(back), COMES_BACK_MS), rates.several_devices, CAME_BACK)
    has_account = people["account_ms"][back] >= 0
    starts_over = ~has_account | chance(rng, len(back), STARTS_OVER)
    walk.is_known[back[starts_over]] = False
    walk.log_in(back[~starts_over])
    _attempt(walk, back, np.where(starts_over, 1, stopped_at[back]), referral_ms)
    _return_to_dashboard(walk, everybody[people["has_project"] & ~people["is_settled"]])

    visits = {name: np.concatenate([part[name] for part in walk.visits]) for name in walk.visits[0]}
    actions = {name: np.concatenate([part[name] for part in walk.actions]) for name in walk.actions[0]}
    sessions, visits["session"] = _sessions(rng, visits)
    visits["referrer"] = _referrers(rng, people, visits)
    visits["id"] = draw_ids(rng, len(visits["at"]))
    return World(people, devices, sessions, visits, {}), actions


def _sessions(rng: np.random.Generator, visits: Columns) -> tuple[Columns, Numbers]:
    """The sessions of the visits, numbered per device, and each visit's session."""
    is_there = np.bincount(visits["session"]) > 0
    count = np.count_nonzero(is_there)
    session = (np.cumsum(is_there) - 1)[visits["session"]]
    device = np.empty(count, dtype=np.int64)
    device[session] = visits["device"]
    start = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(start, session, visits["at"])
    order = np.lexsort((start, device))
    is_new_device = np.r_[True, np.diff(device[order]) != 0]
    begin = np.maximum.accumulate(np.where(is_new_device, np.arange(count), 0))
    number = np.empty(count, dtype=np.int64)
    number[order] = np.arange(count) - begin + 1
    return {"device": device, "number": number, "id": draw_ids(rng, count)}, session


def _referrers(rng: np.random.Generator, people: Columns, visits: Columns) -> Numbers:
    """Where each session came from, on its first visit; -1 elsewhere and for those who typed the address."""
    size = len(visits["at"])
    source = pick(rng, size, [30, 8, 3, 59]).astype(np.int64)
    intranet = FIRST_INTRANET + people["client"][visits["person"]]
    landed = visits["page"] >= FIRST_LANDING
    source = np.where(landed & chance(rng, size, 6_500), intranet, np.where(source == 3, -1, source))
    return np.where(visits["is_first"], source, -1)
