"""The report as Markdown for terminals and pull requests, with a PNG and a CSV file for each chart beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import vl_convert

from scripts.report import words
from scripts.report.answers import FunnelAnswers, Report
from scripts.report.part import Part, is_text
from scripts.report.terms import terms
from scripts.report.theme import LIGHT, config, with_light_colours
from scripts.settings import Settings

_WIDTH = 760  # pixels
_MOST_ROWS = 30  # of a table; longer ones are in their CSV file
# What Markdown or HTML may take for its own, or what notifies somebody.
_SPECIAL = re.compile(r"[<>|\\`*\[\]~@$]|&(?=[#A-Za-z])|#(?=\d)|(?<=:)//|(?<=www)\.|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_REFERENCES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;&#8203;", "#": "&#35;&#8203;", "$": "&#36;"}
_REFERENCES |= {"//": "&#8203;//", ".": "&#46;&#8203;"}


def markdown(report: Report, settings: Settings, out: Path) -> dict[Path, bytes]:
    """Return the files: `out`, then the chart and the data of each part, named after it."""
    files: dict[Path, bytes] = {out: b""}
    until = f", data until {report.data_until}" if report.data_until else ""
    said = [f"# Signup funnel{until}\n"]
    if not report.funnels:
        said.append("No person entered a funnel: there is nothing to show.\n")
    for answers in report.funnels:
        said += _funnel(answers, out, files)
    said += ["## Data quality\n", *_part(report.accounting, "", out, files)]
    said += [
        "## What the words mean\n",
        *(f"- **{_text(term)}**: {_text(words_)}" for _, term, words_ in terms(settings)),
    ]
    files[out] = ("\n".join(said) + "\n").encode()
    return files


def _funnel(answers: FunnelAnswers, out: Path, files: dict[Path, bytes]) -> list[str]:
    said = [f"## {_text(words.clean(answers.funnel.name))}\n"]
    said += [f"- {_text(name)}: {_text(told)}" for name, told in answers.facts]
    said += ["", "| | | 95 % | of whom | newest month |", "| :-- | --: | :-- | :-- | :-- |"]
    for headline in answers.headlines.of:
        basis = " ".join(filter(None, (headline.basis, headline.more)))
        change = "; ".join(filter(None, (headline.change, headline.split)))
        cells = (headline.title, headline.value, headline.interval, basis, change)
        said.append(f"| {' | '.join(map(_text, cells))} |")
    for question in answers.questions:
        said.append(f"\n### {question.number} · {_text(question.text)}\n")
        for part in question.parts:
            said += _part(part, f"{answers.funnel.id}-", out, files)
    return said


def _part(part: Part, prefix: str, out: Path, files: dict[Path, bytes]) -> list[str]:
    said = [f"**{_text(part.title)}**\n", f"{_text(part.sentence)}\n"]
    file = f"{out.stem}-{prefix}{part.id}"
    if part.chart:
        files[out.with_name(f"{file}.png")] = png(part.chart)
        key = " · ".join(entry.words for entry in part.key)
        said += [f"![{_text(part.alt)}]({file}.png)\n", *([f"{_text(key)}\n"] if key else [])]
    if part.rows:
        files[out.with_name(f"{file}.csv")] = part.csv.encode()
        said += _table(part)
        said.append(f"\n[Data, {words.plural(len(part.rows), 'row')}]({file}.csv)\n")
    return said


def _table(part: Part) -> list[str]:
    if len(part.rows) > _MOST_ROWS:
        return []
    marks = [":--" if is_text(column) else "--:" for column in part.titles]
    rows = [list(part.titles.values()), marks, *part.cells]
    return [f"| {' | '.join(_text(text) if row is not marks else text for text in row)} |" for row in rows]


def png(chart: dict[str, Any]) -> bytes:
    """Draw a chart in light colours, twice as fine as a screen."""
    specification = with_light_colours({**chart, "width": _WIDTH, "background": LIGHT["paper"]})
    return vl_convert.vegalite_to_png(specification, scale=2, config=with_light_colours(config()))


def _text(text: str) -> str:
    """A text as nothing but text."""
    return _SPECIAL.sub(lambda found: _REFERENCES.get(found[0], f"\\{found[0]}"), text.replace("\n", " "))
