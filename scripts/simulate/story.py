"""What was planted in a world, with its parameters, as readable JSON: for readers, and for tests to look for."""

from __future__ import annotations

from typing import Any

from scripts.simulate import journeys
from scripts.simulate.clients import CLIENTS, FAILING_CLIENT
from scripts.simulate.pages import NEXT_STEPS, PAGES, REFERRAL_STEP, step_page
from scripts.simulate.world import Calendar


def story(people: int, seed: int, calendar: Calendar, late_days: int) -> dict[str, Any]:
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
            "late_days": late_days,
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
    }
