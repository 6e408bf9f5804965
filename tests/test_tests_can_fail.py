"""Break one rule at a time on a copy of the project: the unit test that holds the rule must fail."""

# ruff: noqa: E501  one break, one line

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.worlds import PROJECT_DIR, World, copy_project, run_dbt


class Break(NamedTuple):
    """An edit of one file, and the rule whose unit test on a model must notice: by default on the edited one."""

    rule: str
    file: str
    old: str
    new: str
    noticing_model: str = ""

    @property
    def model(self) -> str:
        """The model whose unit tests must notice."""
        return self.noticing_model or Path(self.file).stem


BREAKS = [
    Break("E07", "macros/funnel_chain.sql", "hit_at >= previous.reached_at", "hit_at > previous.reached_at", "funnel_searched_steps"),
    Break("E07", "macros/funnel_chain.sql", "_at < {{ firsts }}.first_", "_at <= {{ firsts }}.first_", "funnel_ordered_steps"),
    Break("E11", "models/intermediate/funnel_searched_steps.sql", "hit_at <= undecided.window", "hit_at < undecided.window"),
    Break("E11", "macros/funnel_chain.sql", "_at > {{ firsts }}.window_ends_at", "_at >= {{ firsts }}.window_ends_at", "funnel_ordered_steps"),
    Break("E03", "macros/funnel_chain.sql", "MIN(hits.hit_at) AS", "MAX(hits.hit_at) AS", "funnel_searched_steps"),
    Break("E03", "macros/funnel_chain.sql", "MIN(CASE WHEN {{ hits }}.step_order = {{ number }} THEN {{ hits }}.hit_at ELSE {{ no_hit() }} END)", "MAX(CASE WHEN {{ hits }}.step_order = {{ number }} THEN {{ hits }}.hit_at END)", "funnel_ordered_steps"),
    Break("O6", "models/intermediate/funnel_ordered_steps.sql", "WHERE NOT steps.is_optional", "WHERE TRUE"),
    Break("E19", "models/intermediate/funnel_undecided_attempts.sql", "hit_at <= attempts.window", "hit_at < attempts.window"),
    Break("E05", "models/intermediate/funnel_attempt_steps.sql", "WHERE NOT steps.is_undecided", ""),
    Break("E13", "models/intermediate/funnel_attempts.sql", "ORDER BY hits.hit_at", "ORDER BY hits.hit_at DESC"),
    Break("E14", "models/intermediate/funnel_first_entries.sql", "converted_attempt_count > 0", "converted_attempt_count > 1"),
    Break("O3", "models/intermediate/funnel_step_times.sql", "COALESCE(entry_steps.next_reached_at, entry_steps.window_ends_at)", "entry_steps.window_ends_at"),
    Break("D7", "models/intermediate/funnel_daily_steps.sql", "WHEN steps.is_optional THEN 0", "WHEN steps.is_optional THEN 1"),
    Break("X12", "macros/applies_on.sql", ">= COALESCE", "> COALESCE", "funnel_daily_steps"),
    Break("C1", "models/intermediate/funnel_first_entries.sql", "window_ends_at <= observation", "window_ends_at < observation"),
    Break("C4", "models/prod/funnel_entries.sql", "dbt.dateadd('day', 7,", "dbt.dateadd('day', 5,"),
    Break("C3", "models/prod/funnel_conversion_trends.sql", "WHEN entries.is_mature AND entries.is_converted", "WHEN entries.is_converted"),
    Break("R1", "models/prod/funnel_step_conversion.sql", "CAST(steps.lost_count AS DOUBLE) / NULLIF(steps.eligible_count, 0) AS drop", "CAST(steps.lost_count AS DOUBLE) / NULLIF(steps.entry_count, 0) AS drop"),
    Break("M1", "models/intermediate/conversion_rate_effects.sql", "previous_entry_share) * client_rates.previous_rate", "previous_entry_share) * client_rates.converted_share"),
    Break("S2", "models/intermediate/unsettled_events.sql", "WHEN sightings.next_member_seen_at <=", "WHEN sightings.next_member_seen_at >"),
    Break("S7", "models/intermediate/unsettled_events.sql", "WHEN sightings.previous_member_sessionid = sightings.domain_sessionid THEN", "WHEN sightings.previous_member_id IS NOT NULL THEN"),
    Break("S8", "dbt_project.yml", "identity_window_days: 30", "identity_window_days: 60", "stay_members"),
    Break("T1", "models/intermediate/page_loads.sql", "LEAD(views.viewed_at)", "LAG(views.viewed_at)"),
    Break("T3", "models/intermediate/page_loads.sql", "PARTITION BY views.domain_sessionid ORDER", "PARTITION BY views.person_id ORDER"),
    Break("T8", "models/intermediate/page_views.sql", "WHEN dwells.heartbeat_seconds > dwells.dwell_seconds", "WHEN dwells.heartbeat_seconds < 0"),
    Break("T9", "macros/small_number_count.sql", "BIT_COUNT(BIT_OR(CAST(1 AS BIGINT) << CAST({{ expression }} AS BIGINT)))", "COUNT({{ expression }})", "page_activity"),
    Break("T11", "models/prod/funnel_page_engagement.sql", "exact_sum('steps.dwell_seconds')", "exact_sum('steps.dwell_seconds / steps.visit_count')"),
    Break("T12", "models/intermediate/funnel_visits.sql", "hit_at <= entries.measured_until_at", "hit_at <= entries.window_ends_at"),
    Break("D13", "dbt_project.yml", "tested_account_count: 30", "tested_account_count: 41", "client_z_tests"),
    Break("G1", "models/prod/funnel_client_comparison.sql", "ranks.p_value_times_tests / ranks.p_value_rank", "ranks.p_value_times_tests"),
    Break("D11", "models/intermediate/client_account_conversions.sql", "AND dimensions.account_created_at IS NOT NULL", ""),
    Break("X1", "models/intermediate/repeated_deliveries.sql", "ORDER BY deliveries.collected_at", "ORDER BY deliveries.collected_at DESC"),
    Break("X3", "models/base/events.sql", "'minute', 5,", "'minute', 50,"),
    Break("X4", "models/intermediate/stay_members.sql", "ON staff_members.member_id = {{ member_id }}", "ON staff_members.member_id = stays.member_id"),
    Break("X5", "models/intermediate/bot_devices.sql", "HAVING COUNT(*) >", "HAVING COUNT(*) >="),
    Break("X6", "macros/time.sql", "AT TIME ZONE 'UTC' AT TIME ZONE '{{ timezone }}'", "AT TIME ZONE '{{ timezone }}'", "funnel_step_hits"),
    Break("X8", "macros/normalised_path.sql", "LOWER(", "UPPER(", "events"),
    Break("X11", "models/intermediate/account_tracking.sql", "LEFT JOIN {{ ref('funnel_first_entries') }}", "INNER JOIN {{ ref('funnel_first_entries') }}"),
]  # fmt: skip


def rounds_of(breaks: list[Break]) -> list[list[Break]]:
    """Spread the breaks over few rounds, in each at most one per file and model: unit tests see one model only."""
    rounds: list[list[Break]] = []
    for broken in breaks:
        for together in rounds:
            if all(broken.file != other.file and broken.model != other.model for other in together):
                together.append(broken)
                break
        else:
            rounds.append([broken])
    return rounds


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory, committed: World) -> dict[Break, list[str]]:
    """Return for each break the unit tests of its model that fail, on a copy of the project whose tests all pass."""
    folder = copy_project(tmp_path_factory.mktemp("breaks") / "project")
    shutil.copytree(committed.warehouse_dir, folder / "warehouse", ignore=shutil.ignore_patterns("raw.duckdb"))
    assert failed_unit_tests(folder, BREAKS) == []

    failures = {}
    for together in rounds_of(BREAKS):
        whole = {broken: (folder / broken.file).read_text(encoding="utf-8") for broken in together}
        for broken, text in whole.items():
            assert broken.old in text, f"{broken.file} no longer has: {broken.old}"
            (folder / broken.file).write_text(text.replace(broken.old, broken.new), encoding="utf-8")
        failed = failed_unit_tests(folder, together)
        for broken, text in whole.items():
            failures[broken] = [name for model, name in failed if model == broken.model]
            (folder / broken.file).write_text(text, encoding="utf-8")
    return failures


def failed_unit_tests(project_dir: Path, breaks: list[Break]) -> list[tuple[str, str]]:
    """Run the unit tests of the broken models and return model and name of those that fail."""
    selection = [f"{broken.model},test_type:unit" for broken in breaks]
    arguments = ["test", "--select", *selection]
    outcome = run_dbt(project_dir, PROJECT_DIR / "data", project_dir / "warehouse", *arguments)
    assert re.search(r"PASS=\d+ .* ERROR=\d+ SKIP=0", outcome.stdout), outcome.stdout
    return re.findall(r" (?:FAIL \d+|ERROR) (\w+)::(\w+)", outcome.stdout)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: f"{broken.rule}-{broken.model}")
def test_a_broken_rule_is_noticed(failures: dict[Break, list[str]], broken: Break) -> None:
    assert any(broken.rule in name.split("_") for name in failures[broken]), f"failed instead: {failures[broken]}"
