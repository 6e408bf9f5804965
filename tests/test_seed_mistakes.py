"""A mistake in funnel_definitions.csv stops the build, and the message names the row."""

from pathlib import Path

import pytest

from tests.worlds import World, copy_project, run_build

# One funnel per mistake: step_order, step_name, match_type, match_value, is_optional, window, valid from, valid to.
MISTAKES = {
    "GAP": ["1,A,page_urlpath,/a,false,30,,", "3,C,page_urlpath,/c,false,30,,"],
    "TWICE": ["1,First,page_urlpath,/Same/?x=1,false,30,,", "2,Second,page_urlpath,/same,false,30,,"],
    "OPTIONAL_FIRST": ["1,A,page_urlpath,/a,true,30,,", "2,B,page_urlpath,/b,false,30,,"],
    "OPTIONAL_LAST": ["1,A,page_urlpath,/a,false,30,,", "2,B,page_urlpath,/b,true,30,,"],
    "OVERLAP": [
        "1,A,page_urlpath,/a,false,30,,2026-03-01",
        "1,A,page_urlpath,/a2,false,30,2026-03-01,",
        "2,B,page_urlpath,/b,false,30,,",
    ],
    "TWO_WINDOWS": ["1,A,page_urlpath,/a,false,30,,", "2,B,page_urlpath,/b,false,7,,"],
    "TOO_LONG": [f"{number},S{number},page_urlpath,/s{number},false,30,," for number in range(1, 14)],
    "TWO_NAMES": [
        "1,A,page_urlpath,/a,false,30,,",
        "2,B,page_urlpath,/b,false,30,,2026-02-28",
        "2,Other,page_urlpath,/b2,false,30,2026-03-01,",
    ],
    "NO_SUCH_TYPE": ["1,A,page_urlpath,/a,false,30,,", "2,B,page_title,B,false,30,,"],
}
NAMED = {
    "GAP": ("assert_funnel_steps_are_numbered_without_gaps", "funnel_name: GAP"),
    "TWICE": ("assert_X7_funnel_steps_do_not_share_events", "First", "Second"),
    "OPTIONAL_FIRST": ("assert_funnel_ends_are_required", "funnel_name: OPTIONAL_FIRST"),
    "OPTIONAL_LAST": ("assert_funnel_ends_are_required", "funnel_name: OPTIONAL_LAST"),
    "OVERLAP": ("assert_funnel_steps_have_one_definition_at_a_time", "funnel_name: OVERLAP"),
    "TWO_WINDOWS": ("assert_funnels_have_one_conversion_window", "funnel_name: TWO_WINDOWS"),
    "TOO_LONG": ("assert_funnels_fit_the_chain", "funnel_name: TOO_LONG"),
    "TWO_NAMES": ("assert_funnel_steps_keep_their_name", "funnel_name: TWO_NAMES"),
    "NO_SUCH_TYPE": ("accepted_values_funnel_definitions_match_type", "page_title"),
}


@pytest.fixture(scope="module")
def message(committed: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the build says about a seed with every mistake, each in a funnel of its own."""
    project_dir = copy_project(tmp_path_factory.mktemp("mistakes") / "project")
    with (project_dir / "seeds" / "funnel_definitions.csv").open("a", encoding="utf-8") as seed:
        seed.writelines(f"{funnel},{row}\n" for funnel, rows in MISTAKES.items() for row in rows)
    outcome = run_build(committed.data_dir, project_dir.parent / "warehouse", project_dir)
    assert outcome.returncode == 1
    assert not Path(project_dir.parent / "warehouse" / "prod.duckdb").exists()
    return outcome.stderr


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_fails_its_test_and_is_named(message: str, mistake: str) -> None:
    for word in NAMED[mistake]:
        assert word in message
