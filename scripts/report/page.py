"""The report as one HTML page that asks nobody for anything: the script that draws the charts stands inside it."""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import vl_convert
from markupsafe import Markup

from scripts import PROJECT_DIR
from scripts.pages import templates
from scripts.report import words
from scripts.report.answers import TABLES, Report
from scripts.report.part import is_text
from scripts.report.terms import terms
from scripts.report.theme import DARK, LIGHT, config
from scripts.settings import Settings
from scripts.wording import clean_lines

_FOLDER = Path(__file__).parent
_BYTE_ORDER_MARK = "\ufeff"  # tells spreadsheets that the file is UTF-8


def html(report: Report, settings: Settings) -> str:
    """Return the report as one self-contained page."""
    environment = templates(_FOLDER)
    environment.filters |= {
        "clean": words.clean,
        "lines": lambda text: "\n".join(clean_lines(text)),
        "json": _json,
        "csv_link": _csv_link,
    }
    return environment.get_template("page.html.j2").render(
        report=report,
        terms=terms(settings),
        tables=TABLES,
        is_text=is_text,
        bundle=bundle(),
        style=Markup(_style()),
        script=Markup((_FOLDER / "page.js").read_text(encoding="utf-8")),
        config=config(),
        lineage=_picture(PROJECT_DIR / "docs" / "lineage.svg"),
    )


@functools.cache
def bundle() -> Markup:
    """Return the JavaScript that draws charts (Vega, Vega-Lite, vega-embed), fit to stand in a page."""
    source = vl_convert.javascript_bundle("window.drawChart = vegaEmbed;")
    # What would end a script element, or be read otherwise than it is hashed; none of it has been seen in a bundle.
    for unfit in ("</script", "<script", "<!--", "\r", "\0"):
        if unfit in source.lower():
            raise ValueError(f"the bundle of vl-convert has {unfit!r} in it")
    return Markup(source)


def _style() -> str:
    """Return the style, with the colours of the charts for light, dark and paper."""
    light, dark = ("".join(f"--chart-{name}:{value};" for name, value in palette.items()) for palette in (LIGHT, DARK))
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    return style.replace("/*LIGHT*/", light).replace("/*DARK*/", dark)


def _json(value: Any) -> Markup:
    """JSON that can stand in a script element."""
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def _picture(svg: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode()


def _csv_link(text: str) -> str:
    return "data:text/csv;charset=utf-8," + quote(_BYTE_ORDER_MARK + text)
