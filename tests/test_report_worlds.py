"""The report of worlds that are hostile, large, or have little to tell."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from scripts.report import words
from scripts.report.part import Part
from tests.report_reader import Reader
from tests.report_worlds import HOSTILE, TINY_FUNNELS, changed_copy, emptied_copy, hostile_copy, page_of, tiny_world
from tests.worlds import World


@pytest.fixture(scope="module")
def page(committed_report: Path) -> Reader:
    return Reader(committed_report)


@pytest.fixture(scope="module")
def hostile_dir(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_copy(committed, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def hostile(hostile_dir: Path) -> Reader:
    return Reader(page_of(hostile_dir))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(page_of(tiny_world(tmp_path_factory.mktemp("tiny")).warehouse_dir))


# --- Hostile names -----------------------------------------------------------------------------------------------


def test_hostile_names_make_no_elements(page: Reader, hostile: Reader) -> None:
    assert {tag for tag, _ in hostile.elements} == {tag for tag, _ in page.elements}
    assert sum(tag == "script" for tag, _ in hostile.elements) == sum(tag == "script" for tag, _ in page.elements)
    assert not [name for _, attributes in hostile.elements for name in attributes if name.startswith("on")]
    assert hostile.source.lower().count("</script") == sum(tag == "script" for tag, _ in hostile.elements)


def test_hostile_names_stand_in_the_tables_as_they_are(hostile: Reader) -> None:
    clients = hostile.figures["onboarding-clients"].column("client")
    steps = hostile.figures["onboarding-steps"].column("step")
    for name in ("html", "quotes", "long", "formula"):
        assert HOSTILE[name] in clients
    assert {HOSTILE["html"], HOSTILE["quotes"], HOSTILE["long"]} <= set(steps)
    assert f"/{HOSTILE['html']}" in hostile.figures["onboarding-destinations"].column("next page")


def test_what_turns_the_direction_of_text_is_shown_not_obeyed(hostile: Reader) -> None:
    shown = HOSTILE["bidi"].replace("\u202e", "\\u202e").replace("\u2066", "\\u2066")
    assert shown in hostile.figures["onboarding-steps"].column("step")
    assert (
        re.findall("[\u202a-\u202e\u2066\u2067]", hostile.source.replace(hostile.figures["onboarding-steps"].csv, ""))
        == []
    )
    # A name that runs from the right is set apart, so that it does not move the numbers beside it.
    assert words.name("שלב") == "\u2068שלב\u2069"
    assert words.name("Next Steps") == "Next Steps"


def test_a_text_that_a_spreadsheet_could_run_is_disarmed() -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain", "1-499"]
    part = Part(
        "id", "title", "sentence", "SELECT", [{"client_name": text, "difference_in_points": -1.5} for text in texts]
    )
    rows = list(csv.DictReader(io.StringIO(part.csv)))
    assert [row["client_name"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain", "1-499"]
    assert {row["difference_in_points"] for row in rows} == {"-1.5"}


def test_hostile_names_are_nothing_but_text_in_markdown(hostile_dir: Path) -> None:
    said = page_of(hostile_dir, "md").read_text(encoding="utf-8")
    # As GitHub does it: HTML passes.
    rendered = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(said)
    assert not re.findall(r"<(?!/?(?:h[1-3]|p|ul|li|table|thead|tbody|tr|th|td|strong|a|img)\b)[^>]*>", rendered)
    assert not re.findall(r"<img(?! src=\"report-)", rendered)
    assert "document.title = 'owned'" in rendered


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Create Care Recipient", "Create Care\nRecipient"),
        ("Next Steps", "Next Steps"),
        ("intranet.alder-health.example", "intranet.alder-\nhealth.example"),
        ("W" * 200, "W" * 20 + "\n" + "W" * 19 + "…"),
        ("a b" + "\u00a0" + "1,000 of many words that are too many", "a b\u00a01,000 of many\nwords that are too…"),
        ("", "(no name)"),
    ],
)
def test_names_on_an_axis_are_broken_into_lines(text: str, lines: str) -> None:
    assert words.wrapped(text) == lines


# --- Large worlds ------------------------------------------------------------------------------------------------


def test_many_clients_values_pages_and_weeks_do_not_make_it_larger(committed: World, tmp_path: Path) -> None:
    def copies(table: str, columns: str, of: str, times: int) -> str:
        return (
            f"INSERT INTO product.{table} SELECT * REPLACE ({columns}) FROM product.{table} AS found"
            f", UNNEST(RANGE({times})) AS copies (number) WHERE {of}"
        ).replace("SELECT *", "SELECT found.*")

    folder = changed_copy(
        committed,
        tmp_path,
        copies(
            "funnel_client_comparison",
            "client_id || number AS client_id, client_name || number AS client_name",
            "TRUE",
            50,
        ),
        copies("funnel_step_conversion", "segment_value || number AS segment_value", "segment_name <> 'all'", 30),
        copies("funnel_drop_off_destinations", "destination || number AS destination", "destination LIKE '/%'", 30),
        copies(
            "funnel_conversion_trends",
            "CAST(period_start_date - INTERVAL 7 DAY * (27 * (number + 1)) AS DATE) AS period_start_date",
            "grain = 'week' AND segment_name = 'all'",
            20,
        ),
        copies(
            "funnel_entries",
            "CAST(entered_week_start_date - INTERVAL 7 DAY * (27 * (number + 1)) AS DATE) AS entered_week_start_date",
            "TRUE",
            20,
        ),
    )
    large = Reader(page_of(folder))
    of = large.figures["onboarding-destinations"].column("last step reached")
    assert {name: len(figure.rows) for name, figure in large.figures.items() if name.startswith("onboarding")} == {
        "onboarding-pages": 10,
        "onboarding-clients": 41,
        "onboarding-steps": 10,
        "onboarding-segments": (1 + 7 * 12) * 6,
        "onboarding-destinations": len(of),
        "onboarding-trend": 104,
        "onboarding-added-steps": 2,
        "onboarding-calls-to-action": 27,
    }
    assert len(large.source) < 3_000_000
    assert max(map(of.count, of)) <= 8


# --- Little to tell ----------------------------------------------------------------------------------------------


def test_a_world_without_people_says_so(committed: World, tmp_path: Path) -> None:
    folder = emptied_copy(committed, tmp_path)
    page = Reader(page_of(folder))
    assert "No person entered a funnel: there is nothing to show." in page.text
    assert page.figures["data-quality"].sentence == "No event was delivered."
    assert "nothing to show" in page_of(folder, "md").read_text(encoding="utf-8")


def test_every_funnel_with_little_to_tell_says_why(tiny: Reader) -> None:
    said = {name: figure.sentence for name, figure in tiny.figures.items()}
    assert len(said) == 8 * len(TINY_FUNNELS) + 1
    assert not [name for name, sentence in said.items() if not sentence.endswith((".", "!"))]
    assert not re.search(r"\b(?:nan|None|inf)\b", tiny.text)


def test_one_person_makes_no_rate(tiny: Reader) -> None:
    assert "1 person whose window has ended: a rate needs 10." in tiny.text
    assert tiny.figures["one-person-steps"].sentence == (
        "Step 2 of ONE_PERSON loses most people: 1 of 1. Too few people for a rate."
    )
    assert tiny.figures["one-person-steps"].column("of first") == ["–"] * 3
    assert tiny.figures["one-person-destinations"].sentence == "Of 1 person lost, nobody viewed a further page."


def test_one_client_has_nobody_to_be_compared_with(tiny: Reader) -> None:
    assert tiny.figures["everybody-converts-clients"].sentence == (
        "There is one client only, with 12 accounts, 100.0 % of them converted: nobody to compare it with."
    )
    assert tiny.figures["everybody-converts-steps"].sentence == "Nobody is lost: all 12 people reached the last step."


def test_no_conversion_is_said_in_words(tiny: Reader) -> None:
    assert "Nobody has converted whose window has ended." in tiny.text
    assert tiny.figures["nobody-converts-clients"].sentence == (
        "No window of a person with an account has ended, so there is no client to compare."
    )


def test_people_who_are_all_open_are_not_lost(tiny: Reader) -> None:
    assert (
        tiny.figures["all-open-steps"].sentence
        == "No person’s window has ended yet, so no step can be said to lose anybody."
    )
    assert "12 people of the newest week can still convert." in tiny.figures["all-open-trend"].sentence
