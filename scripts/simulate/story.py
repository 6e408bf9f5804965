"""What was planted in a world, with its parameters, as readable JSON: for readers, and for tests to look for."""

from __future__ import annotations

from . import bots, dirt, journeys, members
from .clients import CLIENTS, FAILING_CLIENT
from .pages import NEXT_STEPS, PAGES, REFERRAL_STEP, step_page
from .world import Calendar


def story(people: int, seed: int, calendar: Calendar) -> dict:
    """The story of a world. Chances are per 10,000 unless said otherwise."""
    client = CLIENTS[FAILING_CLIENT]
    page = PAGES[step_page(NEXT_STEPS)]
    return {
        "world": {
            "people": people,
            "months": calendar.months,
            "seed": seed,
            "start_date": calendar.start.isoformat(),
            "end_date": calendar.end.isoformat(),
        },
        "planted": {
            "added_step": {
                "funnel_name": "ONBOARDING",
                "step_order": REFERRAL_STEP,
                "page_urlpath": PAGES[step_page(REFERRAL_STEP)].path,
                "valid_from_date": calendar.referral_step_from.isoformat(),
                "gives_up_there": journeys.GIVES_UP[REFERRAL_STEP],
            },
            "failing_client": {
                "client_id": client.id,
                "client_name": client.name,
                "page_urlpath": PAGES[step_page(5)].path,
                "gives_up_there": journeys.GIVES_UP_AT_FAILING_CLIENT,
                "gives_up_elsewhere": journeys.GIVES_UP[5],
            },
            "hidden_call_to_action": {
                "page_urlpath": page.path,
                "device_type": "phone",
                "median_seconds_phone": page.phone_ms / 1_000,
                "median_seconds_elsewhere": page.large_ms / 1_000,
                "document_screens_phone": page.height[1] / 100,
                "gives_up_on_phone": journeys.GIVES_UP_AT_NEXT_STEPS_ON_PHONE,
                "gives_up_elsewhere": journeys.GIVES_UP[NEXT_STEPS],
            },
            "immature_month": {
                "why": "entries of the last 30 days had no time to convert; nothing else changed",
                "window_days": 30,
            },
        },
        "dirt_per_10000": {
            "duplicates": dirt.DUPLICATES,
            "late_loads": dirt.LATE_LOADS,
            "skewed_devices": journeys.SKEWED_DEVICES,
            "bot_devices_per_10000_people": bots.BOTS_PER_10000,
            "staff_per_10000_people": journeys.STAFF,
            "shared_devices_per_10000_people": journeys.SHARED_DEVICES,
            "lost_pings": dirt.LOST_PINGS,
            "visits_without_pings": dirt.VISITS_WITHOUT_PINGS,
            "stray_pings_per_10000_visits": dirt.STRAY_PINGS,
            "double_fires": dirt.DOUBLE_FIRES,
            "no_key_at_all": dirt.NO_KEY_AT_ALL,
            "no_device_key": dirt.NO_DEVICE_KEY,
            "no_session_key": dirt.NO_SESSION_KEY,
            "no_page_view_key": dirt.NO_PAGE_VIEW_KEY,
            "no_useragent": dirt.NO_USERAGENT,
            "no_device_time": dirt.NO_DEVICE_TIME,
            "members_without_events_per_10000_people": members.WITHOUT_EVENTS,
            "deleted_members": members.DELETED,
        },
    }
