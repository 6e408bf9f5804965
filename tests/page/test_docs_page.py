"""The page of `make docs` in a browser: it shows every reader with owner and question, and asks for nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Opened
from tests.test_docs_page import EXPOSURES, write
from tests.worlds import World


@pytest.fixture(scope="session")
def docs(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the committed data."""
    path = tmp_path_factory.mktemp("docs") / "docs.html"
    assert write(committed.warehouse_dir, path).stderr == ""
    return path


def assert_asked_for_nothing(opened: Opened, docs: Path) -> None:
    asked = {url.split("?")[0].split("#")[0] for url in opened.requests if not url.startswith("data:")}
    assert asked == {docs.as_uri()}
    assert opened.errors == []


@pytest.mark.parametrize("exposure", EXPOSURES, ids=lambda exposure: exposure["name"])
def test_every_reader_is_shown_with_owner_and_question(
    open_page: Callable[[Path], Opened], docs: Path, exposure: dict[str, Any]
) -> None:
    opened = open_page(docs)
    opened.page.evaluate(f"location.hash = '#!/exposure/exposure.care_signup_funnel.{exposure['name']}'")
    shown = opened.page.locator("[ui-view]").filter(has=opened.page.locator("h1")).last
    expect(shown.locator("h1")).to_contain_text(exposure["label"])
    expect(shown).to_contain_text(exposure["owner"]["name"])
    expect(shown).to_contain_text(exposure["description"])
    for model in exposure["depends_on"]:
        expect(shown.get_by_text(model.split("'")[1], exact=True).first).to_be_attached()
    assert_asked_for_nothing(opened, docs)


def test_the_overview_leads_to_the_lineage(open_page: Callable[[Path], Opened], docs: Path) -> None:
    opened = open_page(docs)
    opened.page.get_by_role("link", name="The whole lineage").click()
    expect(opened.page.locator("canvas").first).to_be_visible()
    expect(opened.page.get_by_text("Lineage Graph")).to_be_visible()
    assert_asked_for_nothing(opened, docs)


def test_icons_are_shown(open_page: Callable[[Path], Opened], docs: Path) -> None:
    opened = open_page(docs)
    icon = opened.page.locator("svg.menu-icon-off use[href^='#icn-']").first
    expect(icon).to_be_attached()
    assert_asked_for_nothing(opened, docs)
