"""The story planted in the committed data is found in the prod tables; what is planted stands in truth/story.json."""

import json
from typing import Any

import pytest

from tests.worlds import World


@pytest.fixture(scope="module")
def planted(committed: World) -> dict[str, Any]:
    story = json.loads((committed.data_dir / "truth" / "story.json").read_text(encoding="utf-8"))
    return story["planted"]


def test_the_step_added_in_month_four_costs_conversion(committed: World, planted: dict[str, Any]) -> None:
    before, after = committed.query(
        "SELECT * FROM product.funnel_step_introductions ORDER BY valid_from_date, period DESC"
    )
    assert (before["period"], after["period"]) == ("before", "after")
    assert after["step_order"] == planted["added_step"]["step_order"]
    assert after["valid_from_date"].isoformat() == planted["added_step"]["valid_from_date"]
    assert after["difference_in_points"] < -5
    assert after["p_value"] < 0.01


def test_one_client_converts_worse_and_loses_people_at_the_eligibility_check(
    committed: World, planted: dict[str, Any]
) -> None:
    differing = committed.query(
        "SELECT * FROM product.funnel_client_comparison WHERE is_significant AND funnel_name = 'MEMBER_INTAKE'"
    )
    assert [row["client_name"] for row in differing] == [planted["failing_client"]["client_name"]]
    assert differing[0]["difference_in_points"] < 0
    assert differing[0]["largest_drop_off_step_name"] == "VERIFY_ELIGIBILITY"


def test_the_call_to_action_of_one_page_is_found_late_on_phones(committed: World, planted: dict[str, Any]) -> None:
    waits = committed.query(
        "SELECT phone.step_name"
        "     , phone.median_seconds_to_cta_click / desktop.median_seconds_to_cta_click AS times_longer"
        "     , phone.median_scroll_depth_rate - desktop.median_scroll_depth_rate AS further_down"
        "  FROM product.funnel_page_engagement AS phone"
        "  JOIN product.funnel_page_engagement AS desktop USING (funnel_name, step_order, segment_name)"
        " WHERE phone.segment_value = 'phone' AND desktop.segment_value = 'desktop'"
        "   AND phone.median_seconds_to_cta_click IS NOT NULL"
        " ORDER BY times_longer DESC"
    )
    slowest, *others = waits
    assert slowest["step_name"] == "Next Steps"
    assert planted["hidden_call_to_action"]["page_urlpath"] == "/next-steps"
    assert slowest["times_longer"] > 3
    assert slowest["further_down"] > 0.05
    assert len(others) == 8
    assert max(row["times_longer"] for row in others) < 1.5


def test_the_last_month_only_looks_bad_because_it_is_immature(committed: World) -> None:
    *_, may, june = committed.query(
        "SELECT trends.*, SUM(CASE WHEN entries.is_converted THEN 1 ELSE 0 END) / COUNT(*) AS naive_rate"
        "  FROM product.funnel_conversion_trends AS trends"
        "  JOIN product.funnel_entries AS entries ON entries.funnel_name = trends.funnel_name"
        "   AND entries.entered_month_start_date = trends.period_start_date"
        " WHERE trends.funnel_name = 'MEMBER_INTAKE' AND grain = 'month' AND segment_name = 'all'"
        " GROUP BY ALL ORDER BY period_start_date"
    )
    assert june["naive_rate"] < may["conversion_rate"] - 0.05  # what a reader without maturity would report
    assert june["open_entry_count"] == june["entry_count"]
    assert june["conversion_rate"] is None
    assert not june["is_complete_period"]
    assert june["conversion_rate_7d"] > may["conversion_rate_7d"] - 0.03  # where both had the same time, nothing fell
