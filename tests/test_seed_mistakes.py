"""A mistake in funnel_definitions.csv stops the build, and the message names the row."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import build as program
from tests.bad_input import assert_refused, contents
from tests.worlds import PROJECT_DIR, World, copy_project, run_build

FUNNELS = "funnel_definitions.csv"
CALLS = "calls_to_action.csv"


def replace(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old.encode(), new.encode())


def add(*lines: str) -> Callable[[bytes], bytes]:
    return lambda content: content + "".join(f"{line}\n" for line in lines).encode()


# No table of the declared columns: the seed, what happens to it, and the beginning of a line for each mistake.
SHAPES: dict[str, tuple[str, Callable[[bytes], bytes], list[str]]] = {
    "empty": (FUNNELS, lambda _: b"", ["line 1: missing columns: funnel_name, step_order"]),
    "no header": (
        CALLS,
        replace("page_urlpath,element_id\n", ""),
        ["line 1: missing columns: page_urlpath, element_id"],
    ),
    "a column too few": (FUNNELS, replace("is_optional,", ""), ["line 1: missing columns: is_optional"]),
    "a column too many": (
        CALLS,
        replace("element_id\n", "element_id,colour\n"),
        ["line 1: unknown or repeated columns: colour"],
    ),
    "a misspelt column": (
        FUNNELS,
        replace("is_optional", "optional"),
        ["line 1: missing columns: is_optional; unknown or repeated columns: optional"],
    ),
    "a column twice": (
        FUNNELS,
        replace("match_value", "match_type"),
        ["line 1: missing columns: match_value; unknown or repeated columns: match_type"],
    ),
    "semicolons": (FUNNELS, replace(",", ";"), ["line 1: missing columns: funnel_name"]),
    "a quote that is not closed": (
        FUNNELS,
        replace("Create Password", '"Create Password'),
        ["line 3: a quote stands alone, close it"],
    ),
    "a quote in a quoted cell": (FUNNELS, replace("Set Up MFA", '"Set "Up" MFA"'), ["line 4: a quote stands alone"]),
    "Latin-1": (
        FUNNELS,
        lambda content: content.replace(b"Set Up MFA", "Clé".encode("latin-1")),
        ["line 4: is not UTF-8, save the file as UTF-8"],
    ),
    "UTF-16": (CALLS, lambda content: content.decode().encode("utf-16"), ["line 1: is not UTF-8"]),
    "cells": (
        FUNNELS,
        add(
            "F,1,A,page_urlpath,/a,false,30,,,",
            "F,1,A,page_urlpath,/a,false",
            "F,one,A,page_urlpath,/a,false,30,,",
            "F,1.5,A,page_urlpath,/a,false,30,,",
            "F,1,A,page_urlpath,/a,perhaps,30,,",
            "F,1,A,page_urlpath,/a,false,a month,,",
            "F,1,A,page_urlpath,/a,false,99999999999,,",
            "F,1,A,page_urlpath,/a,false,30,31.12.2026,",
            "F,1,A,page_urlpath,/a,false,30,,2026-02-30",
            ',1,"",page_urlpath,/a,false,30,,',
        ),
        [
            "line 18: 10 cells in place of 9",
            "line 19: 6 cells in place of 9",
            "line 20: step_order is 'one', but must be a whole number",
            "line 21: step_order is '1.5', but must be a whole number",
            "line 22: is_optional is 'perhaps', but must be true or false",
            "line 23: conversion_window_days is 'a month', but must be a whole number",
            "line 24: conversion_window_days is '99999999999'",
            "line 25: valid_from_date is '31.12.2026', but must be a date such as 2026-01-31",
            "line 26: valid_to_date is '2026-02-30', but must be a date",
            "line 27: funnel_name is missing",
            "line 27: step_name is missing",
        ],
    ),
}


@pytest.fixture(scope="module")
def project_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("shapes") / "project")


@pytest.mark.parametrize("case", SHAPES)
def test_a_seed_of_another_shape_gets_a_line_for_each_mistake(
    project_dir: Path, tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name, change, lines = SHAPES[case]
    shutil.rmtree(project_dir / "seeds")
    shutil.copytree(PROJECT_DIR / "seeds", project_dir / "seeds")
    seed = project_dir / "seeds" / name
    seed.write_bytes(change(seed.read_bytes()))
    (tmp_path / "prod.duckdb").write_text("what was built before", encoding="utf-8")
    before = contents(tmp_path)

    monkeypatch.setattr(program, "PROJECT_DIR", project_dir)
    monkeypatch.setattr(sys, "argv", ["build"])
    monkeypatch.setenv("DATA_DIR", str(PROJECT_DIR / "data"))
    monkeypatch.setenv("WAREHOUSE_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        program.main()

    outcome = subprocess.CompletedProcess([], ended.value.code, *capfd.readouterr())
    assert_refused(outcome, line_count=len(lines))
    for said, line in zip(outcome.stderr.splitlines(), lines, strict=True):
        assert said.startswith(f"seeds/{name}, {line}")
    assert contents(tmp_path) == before


# --- Rules that the rows of a funnel must keep: dbt's tests name them all at once ------------------------------------

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
    "NEGATIVE": ["1,A,page_urlpath,/a,false,-7,,", "2,B,page_urlpath,/b,false,-7,,"],
    "ENDLESS": ["1,A,page_urlpath,/a,false,99999,,", "2,B,page_urlpath,/b,false,99999,,"],
    "NO_PATH": ["1,A,page_urlpath,no/path,false,30,,", "2,B,page_urlpath,/b,false,30,,"],
    "SPACES": ["1, A ,page_urlpath,/a,false,30,,", "2,B,page_urlpath,/b,false,30,,"],
    "BACKWARDS": ["1,A,page_urlpath,/a,false,30,2026-03-01,2026-02-01", "2,B,page_urlpath,/b,false,30,,"],
    "REPEATED": ["1,A,page_urlpath,/a,false,30,,", "1,A,page_urlpath,/a,false,30,,", "2,B,page_urlpath,/b,false,30,,"],
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
    "NEGATIVE": ("accepted_range_funnel_definitions_conversion_window_days", "NEGATIVE"),
    "ENDLESS": ("accepted_range_funnel_definitions_conversion_window_days", "ENDLESS"),
    "NO_PATH": ("funnel_definitions_paths_are_paths", "funnel_name: NO_PATH"),
    "SPACES": ("funnel_definitions_names_have_no_spaces_around_them", "funnel_name: SPACES"),
    "BACKWARDS": ("funnel_definitions_periods_end_after_they_start", "funnel_name: BACKWARDS"),
    "REPEATED": ("unique_combination_of_columns_funnel_definitions_funnel_name", "REPEATED"),
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
