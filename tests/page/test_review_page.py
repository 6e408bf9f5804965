"""The page of a review in a browser: it shows what review.json says, sorts, unfolds, and asks for nothing."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.review import wording
from tests.page.conftest import Opened
from tests.review_repository import PATCHES, git, make_repository, run_review

UNITS = {"": 1, "%": 0.01, "s": 1, "min": 60, "h": 3_600, "d": 86_400}
STATES = {
    (True, True): "moved, as predicted",
    (True, False): "moved, not predicted",
    (False, True): "predicted, not moved",
    (False, False): "not moved",
}
"""By whether a model has moved and whether that was predicted."""
PRESS_EVERYTHING = """() => {
    for (const part of document.querySelectorAll("details")) part.open = true;
    for (const button of document.querySelectorAll("button")) button.click();
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
BOXES = """groups => groups.map(group => {
    const box = group.querySelector("path.box"), style = getComputedStyle(box), edges = box.getBoundingClientRect();
    const texts = [...group.querySelectorAll("text")].map(text => text.getBoundingClientRect());
    return {
        title: group.querySelector("title").textContent,
        look: [style.fill, style.stroke, style.strokeDasharray].join(" "),
        height: edges.height,
        room: edges.right - Math.max(...texts.map(text => text.right)),
    };
})"""


@pytest.fixture(scope="session")
def review_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the review of a change that moves much: a conversion window of 7 days."""
    folder = make_repository(tmp_path_factory.mktemp("review"))
    git(folder, "apply", str(PATCHES / "window_of_7_days.patch"))
    outcome = run_review(folder)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    return folder / ".review"


@pytest.fixture(scope="session")
def review(review_dir: Path) -> dict[str, Any]:
    """Return what the review says to scripts."""
    return json.loads((review_dir / "review.json").read_text(encoding="utf-8"))


@pytest.fixture
def opened(open_page: Callable[[Path], Opened], review_dir: Path) -> Opened:
    """Return the opened page and what it did."""
    return open_page(review_dir / "review.html")


@pytest.fixture
def page(opened: Opened) -> Page:
    """Return the opened page."""
    return opened.page


def test_the_page_names_no_other_place(review_dir: Path) -> None:
    text = (review_dir / "review.html").read_text(encoding="utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'<]*", text) == []
    assert re.findall(r"(?:href|src|srcset|action)=\"(?!#|data:)([^\"]*)", text) == []
    assert re.findall(r"@import|url\((?!data:)", text) == []


def test_the_page_asks_for_nothing_and_has_no_errors(opened: Opened, review_dir: Path) -> None:
    opened.page.evaluate(PRESS_EVERYTHING)
    assert {url for url in opened.requests if not url.startswith("data:")} == {(review_dir / "review.html").as_uri()}
    assert opened.errors == []


def test_the_page_is_no_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate(OVERFLOW) <= 0
    page.evaluate(PRESS_EVERYTHING)
    assert page.evaluate(OVERFLOW) <= 0


def test_the_verdict_is_the_first_that_is_seen(page: Page, review: dict[str, Any]) -> None:
    verdict = page.locator("#verdict .verdict")
    assert review["verdict"] == "FAIL"
    expect(verdict).to_be_in_viewport()
    expect(verdict).to_have_text(review["verdict"])
    expect(page.locator("#verdict h1")).to_have_text(f"{review['verdict']} {review['summary']}")


def test_the_funnel_shows_each_step_with_the_numbers_of_the_json(page: Page, review: dict[str, Any]) -> None:
    rows = page.locator("#funnel tbody tr").all()
    assert len(rows) == len(review["funnel"]) > 0
    for row, step in zip(rows, review["funnel"], strict=True):
        expect(row).to_be_visible()
        expect(row.locator("th")).to_contain_text(step["step_name"])
        names = ("reached", "rate_of_previous", "drop_off_rate", "median_seconds")
        for cell, name in zip(row.locator("td").all(), names, strict=True):
            texts = cell.inner_text().split("\n")[0].split(" → ")
            assert says(texts[0], step[name][0]), f"{step['step_name']}: {name} on base is {step[name]}, not {texts}"
            assert says(texts[-1], step[name][1]), f"{step['step_name']}: {name} on head is {step[name]}, not {texts}"


def test_lineage_draws_each_model_and_what_became_of_it(page: Page, review: dict[str, Any]) -> None:
    drawing = page.locator("#lineage svg[role=group]")
    expect(drawing).to_be_visible()
    boxes = drawing.locator("g").evaluate_all(BOXES)
    states = {
        f"{model['name']} ({model['layer']})": STATES[model["has_moved"], model["is_predicted"]]
        for model in review["lineage"]
    }
    assert sorted(box["title"] for box in boxes) == sorted(f"{name}: {state}" for name, state in states.items())
    assert [box["title"] for box in boxes if box["height"] < 20 or box["room"] < 0] == []
    looks = {(box["title"].split(": ")[1], box["look"]) for box in boxes}
    assert {state for state, _ in looks} >= {"moved, as predicted", "not moved"}
    assert len(looks) == len({state for state, _ in looks}) == len({look for _, look in looks})


@pytest.mark.parametrize("key", ["", "Enter", "Space"], ids=["click", "enter", "space"])
def test_a_table_sorts_by_numbers_and_back(page: Page, review: dict[str, Any], key: str) -> None:
    table = page.locator("#models > .scroll table")
    header = table.locator("thead th", has_text="rows")
    button = header.get_by_role("button")
    row_counts = {model["name"]: model["head_row_count"] for model in review["models"]}

    def shown() -> list[int]:
        return [row_counts[name] for name in table.locator("tbody th a").all_text_contents()]

    before = shown()
    assert before != sorted(before) != sorted(before, key=str)
    for order, is_descending in (("descending", True), ("ascending", False)):
        if key:
            button.press(key)
        else:
            button.click()
        assert shown() == sorted(before, reverse=is_descending)
        expect(header).to_have_attribute("aria-sort", order)


def test_an_example_unfolds_to_a_row_with_both_its_values(page: Page, review: dict[str, Any]) -> None:
    (model,) = (model for model in review["models"] if model["name"] == "funnel_entries")
    example = model["examples"][0]
    details = page.locator("#model-funnel_entries details", has_text="example")
    shown = details.locator("tbody").first
    expect(shown).to_be_hidden()
    details.locator("summary").click()
    expect(shown).to_be_visible()
    for name, value in example["key"].items():
        expect(shown.locator("th")).to_contain_text(f"{name}={wording.value(value)}")
    assert [row.locator("td").all_text_contents() for row in shown.locator("tr").all()] == [
        [column, wording.value(base), wording.value(head)] for column, (base, head) in example["columns"].items()
    ]


@pytest.mark.parametrize("place", ["#models table", "#lineage svg"], ids=["table", "lineage"])
def test_a_link_to_a_model_unfolds_all_about_it(page: Page, place: str) -> None:
    details = page.locator("#model-funnel_entries details")
    expect(details).not_to_have_attribute("open", "")
    page.locator(f"{place} a[href='#model-funnel_entries']").click()
    expect(details).to_have_attribute("open", "")
    expect(page.locator("#model-funnel_entries h3")).to_be_in_viewport()


def says(text: str, value: float | None) -> bool:
    """Whether a text such as 95.6 % or 1 min 05 s is the number, as exactly as the text tells it."""
    parts = re.findall(r"([\d,.]+) ?([a-z%]*)", text)
    if value is None or not parts:
        return value is None and text == "–"
    told = sum(float(digits.replace(",", "")) * UNITS[unit] for digits, unit in parts)
    digits, unit = parts[-1]
    last_digit = UNITS[unit] / 10 ** len(digits.partition(".")[2])
    return abs(told - value) <= last_digit / 2 + 1e-9
