"""A page, opened in a headless Chromium that has no network."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",  # of macOS
)
# Without a sandbox, as it refuses to run as root; the rest keeps a browser from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Opened:
    """A page in the browser, and what it did that it must not do."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def chromium() -> str | None:
    """Return the path of the Chromium to drive: the one that CHROMIUM names, else the first there is."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else CHROMIUMS)), None)


def pytest_configure() -> None:
    """Say how to get a Chromium where there is none."""
    if not chromium():
        raise pytest.UsageError(
            "no Chromium: apt install chromium (Debian), brew install --cask google-chrome (macOS),"
            " or make test-page CHROMIUM=/path/to/it"
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a headless browser."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)


@pytest.fixture(params=[1280, 390], ids=["1280px", "390px"])
def open_page(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], Opened]]:
    """Return what opens a file, as wide as a laptop and as a phone. A test that fails leaves a screenshot."""
    viewport = {"width": request.param, "height": 900}
    context = browser.new_context(viewport=viewport, offline=True, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    opened = Opened(page)
    page.on("console", lambda said: opened.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("request", lambda asked: opened.requests.append(asked.url))

    def open_file(file: Path) -> Opened:
        page.goto(file.as_uri())
        return opened

    failed_before = request.session.testsfailed
    yield open_file
    wanted_dir = os.environ.get("SCREENSHOTS_DIR")
    if wanted_dir or request.session.testsfailed > failed_before:
        folder = Path(wanted_dir or tmp_path_factory.getbasetemp() / "screenshots")
        path = folder / f"{request.node.name}.png"
        page.screenshot(path=path, full_page=True, timeout=60_000)
        print(f"Screenshot: {path}")
    context.close()
