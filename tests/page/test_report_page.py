"""The report in a browser: every chart is drawn, fits, and says what its table says; nothing is asked for."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.conftest import Opened
from tests.report_worlds import emptied_copy, hostile_copy, page_of, tiny_world
from tests.worlds import World

OPEN_EVERYTHING = 'for (const part of document.querySelectorAll("details")) part.open = true'
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CHARTS = """() => [...document.querySelectorAll(".chart")].filter(place => place.offsetParent).map(place => {
    const svg = place.querySelector("svg"), edges = svg?.getBoundingClientRect(), room = place.getBoundingClientRect();
    const isSeen = element => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
    const marks = [...place.querySelectorAll(".mark-group .mark-rect > path, .mark-symbol > path, .mark-rule > line, "
        + ".mark-line > path, .mark-area > path")].filter(mark => !mark.closest(".role-axis"));
    const texts = [...place.querySelectorAll("text")].filter(isSeen);
    return {
        id: place.parentElement.id,
        marks: marks.length,
        texts: texts.map(text => text.textContent),
        isTooWide: !!edges && edges.width > room.width + 1,
        cut: texts.filter(text => {
            const box = text.getBoundingClientRect();
            return box.left < edges.left - 2 || box.right > edges.right + 2 || box.top < edges.top - 2;
        }).map(text => text.textContent),
    };
})"""
DRAWN = """() => [...document.querySelectorAll(".chart")].filter(place => place.offsetParent)
    .every(place => place.querySelector("svg") && !place.style.minHeight)"""


@pytest.fixture(scope="session")
def hostile_report(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a world whose names are hostile."""
    return page_of(hostile_copy(committed, tmp_path_factory.mktemp("hostile")))


@pytest.fixture(scope="session")
def tiny_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a world with little to tell."""
    return page_of(tiny_world(tmp_path_factory.mktemp("tiny")).warehouse_dir)


@pytest.fixture(scope="session")
def empty_report(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a world without people."""
    return page_of(emptied_copy(committed, tmp_path_factory.mktemp("empty")))


@pytest.fixture
def opened(open_page: Callable[[Path], Opened], committed_report: Path) -> Opened:
    """Return the opened page and what it did."""
    return open_page(committed_report)


@pytest.fixture
def page(opened: Opened) -> Page:
    """Return the opened page, drawn."""
    opened.page.wait_for_function(DRAWN)
    return opened.page


def shown_one_by_one(page: Page) -> list[str]:
    """Show each funnel, wait for its charts, and return the ids."""
    ids = page.locator("#choice option").evaluate_all("options => options.map(option => option.value)")
    for id in ids or []:
        page.locator("#choice").select_option(id)
        page.wait_for_function(DRAWN)
    return ids


def test_it_asks_for_nothing_and_has_no_errors(opened: Opened, committed_report: Path) -> None:
    assert shown_one_by_one(opened.page) == ["onboarding", "member-intake"]
    opened.page.evaluate(OPEN_EVERYTHING)
    opened.page.locator("#data-quality .chart svg").hover()
    assert {url for url in opened.requests if not url.startswith("data:")} == {committed_report.as_uri()}
    assert opened.errors == []


def test_every_chart_is_drawn_fits_and_cuts_no_label(page: Page) -> None:
    found: dict[str, Any] = {}
    for id in shown_one_by_one(page):
        page.locator("#choice").select_option(id)
        charts = page.evaluate(CHARTS)
        found |= {chart["id"]: chart["marks"] for chart in charts}
        assert [chart["id"] for chart in charts if chart["isTooWide"]] == []
        assert [(chart["id"], chart["cut"]) for chart in charts if chart["cut"]] == []
        assert page.evaluate(OVERFLOW) <= 0
    assert len(found) == 14
    assert {id: marks for id, marks in found.items() if marks < 2} == {}
    # A mark for each row: cells and frames, bars, points.
    assert found["onboarding-segments"] >= page.locator("#onboarding-segments tbody tr").count() == 300
    assert found["onboarding-clients"] == 2 * 12 + 1
    assert found["onboarding-pages"] == 4 * 10


def test_the_charts_write_the_numbers_of_the_tables(page: Page, committed: World) -> None:
    texts = {chart["id"]: chart["texts"] for chart in page.evaluate(CHARTS)}
    steps = committed.query(
        "SELECT reached_count, lost_count, rate_of_first, rate_of_previous FROM product.funnel_step_conversion"
        " WHERE funnel_name = 'ONBOARDING' AND segment_name = 'all' AND entered_month_start_date IS NULL"
        " AND step_order > 1"
    )
    for step in steps:
        rates = f"{100 * step['rate_of_first']:.1f} % of first · {100 * step['rate_of_previous']:.1f} % of prev."
        lost = f" · {step['lost_count']:,} lost" if step["lost_count"] else ""
        written = [text for text in texts["onboarding-steps"] if text.endswith(f"{rates}{lost}")]
        assert written
        assert written[0].startswith(f"{step['reached_count']:,}")
    cells = committed.query(
        "SELECT drop_off_rate FROM product.funnel_step_conversion WHERE funnel_name = 'ONBOARDING'"
        " AND segment_name = 'device' AND segment_value = 'phone' AND entered_month_start_date IS NULL"
        " AND lost_count IS NOT NULL ORDER BY step_order"
    )
    for cell in cells:
        assert f"{100 * cell['drop_off_rate']:.0f}" in texts["onboarding-segments"]
    assert "← largest by people and rate" in texts["onboarding-steps"]
    assert texts["onboarding-steps"].count("optional") == 3
    assert "+ Referral Source" in texts["onboarding-trend"]


def test_the_choice_of_a_funnel_shows_it_everywhere_and_stays_in_the_link(page: Page, committed_report: Path) -> None:
    expect(page.locator("#onboarding")).to_be_visible()
    expect(page.locator("#member-intake")).to_be_hidden()
    page.locator("#choice").select_option("member-intake")
    expect(page.locator("#onboarding")).to_be_hidden()
    expect(page.locator("#member-intake figure")).to_have_count(8)
    expect(page.locator("#member-intake .card .value").first).to_contain_text("59.7 %")
    assert page.url == f"{committed_report.as_uri()}#member-intake"
    page.goto("about:blank")  # a reload would keep the place that the reader had scrolled to
    page.goto(f"{committed_report.as_uri()}#member-intake-trend")
    expect(page.locator("#choice")).to_have_value("member-intake")
    expect(page.locator("#member-intake-trend h3")).to_be_in_viewport()
    page.locator("#member-intake a[href='#term-mix']").first.click()
    expect(page.locator("#term-mix")).to_be_in_viewport()
    expect(page.locator("#member-intake")).to_be_visible()


def test_the_data_that_is_downloaded_is_what_its_sql_finds(page: Page, committed: World) -> None:
    ids = page.locator("#onboarding figure").evaluate_all("figures => figures.map(figure => figure.id)")
    assert len(ids) == 8
    for id in ids:
        with page.expect_download() as download:
            page.locator(f"#{id} a[download]").click()
        assert download.value.suggested_filename == f"{id}.csv"
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        page.locator(f"#{id} summary", has_text="SQL").click()
        sql = page.locator(f"#{id} pre").inner_text().split(";\n\n")[0]
        with duckdb.connect(str(committed.warehouse_dir / "prod.duckdb"), read_only=True) as connection:
            found = connection.execute(sql)
            names, rows = [column[0] for column in found.description], found.fetchall()
        header, *offered = list(csv.reader(io.StringIO(text)))
        assert header == names
        assert offered == [["" if value is None else _text(value) for value in row] for row in rows]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_tables_unfold_by_keyboard(page: Page) -> None:
    table = page.locator("#onboarding-steps table")
    expect(table).to_be_hidden()
    page.locator("#onboarding-steps summary", has_text="Table").press("Enter")
    expect(table).to_be_visible()
    expect(table.locator("caption")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0


def test_a_pointer_on_a_mark_is_told_its_numbers(page: Page) -> None:
    page.locator("#onboarding-clients .mark-symbol path").last.hover()
    told = page.locator("#vg-tooltip-element")
    expect(told).to_be_visible()
    expect(told).to_contain_text("Cedar Valley Schools")
    expect(told).to_contain_text("worse, beyond chance")
    expect(told).to_have_css("position", "fixed")


def test_dark_and_paper_change_the_colours_of_charts_too(page: Page) -> None:
    def colours() -> list[str]:
        script = """() => [document.body, document.querySelector("#onboarding-steps .mark-rect path:nth-of-type(1)"),
            document.querySelector("#onboarding-steps .mark-text text")].map(element => {
                const style = getComputedStyle(element);
                return element === document.body ? style.backgroundColor : style.fill;
            })"""
        return page.evaluate(script)

    light = colours()
    page.emulate_media(color_scheme="dark")
    dark = colours()
    assert all(one != other for one, other in zip(light, dark, strict=True))
    page.emulate_media(color_scheme="dark", media="print")
    assert colours() == ["rgb(255, 255, 255)", *light[1:]]
    expect(page.locator("#choice")).to_be_hidden()
    expect(page.locator("#onboarding-steps details").first).to_be_hidden()


def test_weeks_stand_where_they_are_in_every_time_zone(browser: Browser, committed_report: Path) -> None:
    drawings = {}
    for zone in ("UTC", "America/Los_Angeles", "Pacific/Auckland"):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, timezone_id=zone)
        page = context.new_page()
        page.goto(committed_report.as_uri())
        page.wait_for_function(DRAWN)
        drawings[zone] = page.locator("#onboarding-trend .chart").inner_html()
        context.close()
    assert "1 Apr" in drawings["UTC"]
    assert len(set(drawings.values())) == 1


def test_without_scripts_every_funnel_and_table_can_be_read(browser: Browser, committed_report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(committed_report.as_uri())
    expect(page.locator(".funnel:visible")).to_have_count(2)
    expect(page.locator(".no-script")).to_be_visible()
    expect(page.locator("#choice")).to_be_hidden()
    page.locator("#member-intake-steps summary", has_text="Table").click()
    expect(page.locator("#member-intake-steps table")).to_be_visible()
    context.close()


def test_hostile_names_are_shown_and_break_nothing(open_page: Callable[[Path], Opened], hostile_report: Path) -> None:
    opened = open_page(hostile_report)
    page = opened.page
    assert len(shown_one_by_one(page)) == 2
    page.locator("#choice").select_option("onboarding")
    page.evaluate(OPEN_EVERYTHING)
    charts = page.evaluate(CHARTS)
    assert [(chart["id"], chart["cut"]) for chart in charts if chart["cut"] or chart["isTooWide"]] == []
    assert page.evaluate(OVERFLOW) <= 0
    assert any("<script>" in text for chart in charts for text in chart["texts"])
    assert page.title() != "owned"
    page.locator("#onboarding-clients .mark-symbol path").last.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("<script>document.title")
    expect(page.locator("#vg-tooltip-element script, #vg-tooltip-element img")).to_have_count(0)
    assert page.title() != "owned"
    assert opened.errors == []


def test_worlds_with_little_to_tell_draw_what_there_is(
    open_page: Callable[[Path], Opened], tiny_report: Path, empty_report: Path
) -> None:
    opened = open_page(tiny_report)
    page = opened.page
    assert len(shown_one_by_one(page)) == 5
    for id in shown_one_by_one(page):
        page.locator("#choice").select_option(id)
        charts = page.evaluate(CHARTS)
        assert [chart["id"] for chart in charts if not chart["marks"] or chart["cut"] or chart["isTooWide"]] == []
    opened = open_page(empty_report)
    expect(page.locator("#nobody")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert opened.errors == []


def test_the_specifications_hold_no_address(committed_report: Path) -> None:
    source = committed_report.read_text(encoding="utf-8")
    specifications = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', source, re.DOTALL)
    assert len(specifications) == 15
    for text in specifications:
        assert "://" not in text
        json.loads(text)
