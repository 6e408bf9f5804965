"""A review as a comment on a pull request: GitHub's Markdown, below its limit, without values of rows unless asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from scripts.review import wording
from scripts.review.findings import Gate, Metric, ModelChange, Review

MARKER = "<!-- signup-funnel-review -->"
"""Tells CI which comment to update."""
LIMIT = 64_000
"""Characters; GitHub takes 65,536, and CI adds a line with links."""
_BADGES = {"PASS": "✅", "CHANGED": "🔷", "FAIL": "❌", "ERROR": "❌"}
_STATUS_BADGES = {"passed": "✓", "failed": "❌ ✗", "expected": "🔶 ~ expected:"}
_NAME = 120  # characters of a name
_TEXT = 600  # of a sentence
_PROBLEM = 6_000  # of why a side did not build
_COLUMNS = 25  # of a model
_EXAMPLES = 5
_EXAMPLE_COLUMNS = 8
_PLAIN = re.compile(r"[A-Za-z0-9_.,:()+=/→– -]*[A-Za-z0-9)][A-Za-z0-9_.,:()+=/→– -]*")
# What Markdown or HTML may take for its own. References to characters are never taken so, not even | in a table.
_SPECIAL = re.compile(r"[&<>\"'|\\`*\[\]!~@#$]|:(?=\S)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|www(?=\.)")
_ZERO_WIDTH = "&#8203;"


@dataclass(frozen=True)
class _Part:
    """A part of the comment that can lose items from its end."""

    before: str
    items: tuple[str, ...] = ()
    noun: str = ""
    left_out_count: int = 0

    def text(self) -> str:
        if not self.left_out_count:
            return self.before + "".join(self.items)
        left_out = f"\n_… {wording.plural(self.left_out_count, self.noun)} left out: too long for a comment._\n"
        return self.before + "".join(self.items) + left_out


def markdown(review: Review, show_values: bool = False) -> str:
    """Return the review for a pull request comment; values of rows only with `show_values`."""
    shown = review if show_values else wording.without_values(review)
    head = _Part(
        f"{MARKER}\n## {_BADGES[shown.verdict]} Review: {shown.verdict}\n\n{_prose(wording.summary(shown))}\n\n"
        f"{_name(shown.base)} → {_name(shown.head)} · {_name(shown.data)} · {wording.seconds(shown.seconds)}\n"
    )
    parts = [head, *_problem(shown)]
    if wording.is_compared(shown):
        parts += [*_gates(shown), *_funnels(shown), *_metrics(shown), *_models(shown), *_lineage(shown)]
        parts += [*_unused(shown), *_reproduce(shown)]
    parts.append(_Part(f"\n`{wording.last_line(shown)}`\n"))
    return _fitted(parts)


def _fitted(parts: list[_Part]) -> str:
    """Join the parts; while they are too long together, the longest one loses its last item."""
    parts, sizes = list(parts), [_size(part.text()) for part in parts]
    while sum(sizes) > LIMIT:
        longest = max((at for at, part in enumerate(parts) if part.items), key=lambda at: sizes[at])
        part = parts[longest]
        parts[longest] = replace(part, items=part.items[:-1], left_out_count=part.left_out_count + 1)
        sizes[longest] -= _size(part.items[-1])
        if not part.left_out_count:
            sizes[longest] += 100  # the sentence that says what was left out
    return "".join(part.text() for part in parts)


def _size(text: str) -> int:
    """Characters as the strictest reader counts them: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def _problem(review: Review) -> list[_Part]:
    if not review.problem:
        return []
    lines = wording.clean_lines(review.problem)
    return [_Part(f"\n### Problem\n\n{_fenced(wording.shorten(chr(10).join(lines), _PROBLEM))}")]


def _gates(review: Review) -> list[_Part]:
    if not review.gates:
        return []
    order = list(wording.GATE_SYMBOLS)
    gates = sorted(review.gates, key=lambda gate: order.index(gate.status))
    told = [_gate(gate) for gate in gates if gate.status != "passed"]
    passed = [gate.name for gate in gates if gate.status == "passed"]
    if passed:
        told.append(f"- ✓ {len(passed):,} passed: {_names(passed, 50)}\n")
    return [_Part("\n### Gates\n\n", tuple(told), "gate")]


def _gate(gate: Gate) -> str:
    badge, words = _STATUS_BADGES[gate.status].partition(" expected:")[::2]
    expected = "expected: " if gate.status == "expected" else words
    return f"- {badge} {_name(gate.name)} {expected}{_prose(gate.message)}\n"


def _funnels(review: Review) -> list[_Part]:
    parts = []
    for name, steps in wording.funnels(review):
        title = f"\n### Funnel {_name(name)}\n\n"
        if not wording.has_funnel_moved(steps):
            parts.append(_Part(f"{title}unchanged ({wording.plural(len(steps), 'step')})\n"))
            continue
        rows = []
        for step in steps:
            notes = wording.step_notes(step)
            cells = [_changed(cell) for cell in wording.step_cells(step)]
            rows.append(_row([f"{_name(step.step_name)}{f' ({notes})' if notes else ''}", *cells]))
        parts.append(_Part(title + _header("step", *wording.FUNNEL_HEADERS), tuple(rows), "step"))
    return parts


def _metrics(review: Review) -> list[_Part]:
    if not review.metrics:
        return []
    rows = tuple(_metric(metric) for metric in wording.changed_metrics(review))
    unchanged = wording.unchanged_metrics(review)
    header = _header("metric", "base → head", "change") if rows else ""
    parts = [_Part(f"\n### Metrics\n\n{header}", rows, "metric")]
    return [*parts, _Part(f"\n{unchanged}\n" if rows else f"{unchanged}\n")] if unchanged else parts


def _metric(metric: Metric) -> str:
    cell = wording.metric_cell(metric)
    told = f"<br>{_prose(metric.slice_that_moved)}" if metric.slice_that_moved else ""
    return _row([f"{_name(metric.name)}{told}", _changed(cell), cell.difference])


def _models(review: Review) -> list[_Part]:
    if not review.models:
        return []
    moved, touched = wording.moved_models(review), wording.touched_models(review)
    rows = tuple(_model_row(model) for model in moved)
    parts = [_Part("\n### Models\n\n")]
    if rows:
        table = _header("model", "why", "rows", "−", "~", "+")
        parts.append(_Part(table, rows, "row"))
        details = tuple(filter(None, map(_details, moved)))
        parts.append(_Part("\n", details, "model's details"))
    if touched:
        parts.append(_Part(f"\ntouched, not moved: {_names([model.name for model in touched], 30)}\n"))
    rest = len(review.models) - len(moved) - len(touched)
    if rest:
        words = wording.plural(rest, "model")
        parts.append(_Part(f"\n{words} unchanged\n" if moved or touched else f"unchanged ({words})\n"))
    return parts


def _model_row(model: ModelChange) -> str:
    counts = (model.removed_row_count, model.changed_row_count, model.added_row_count)
    told = [wording.count(rows) if rows else "" for rows in counts]
    return _row([_name(model.name), _prose(wording.why_text(model)), _changed(wording.row_count(model)), *told])


def _details(model: ModelChange) -> str:
    """The columns, the key and the examples of a model, folded; nothing if there is nothing more to say."""
    told = []
    if problem := wording.key_problem(model):
        key = f"{_name(wording.key_text(model.key))}: " if model.key.columns else ""
        told.append(f"⚠️ {key}{_prose(problem)}\n")
    elif model.key.columns and (model.columns or model.examples):
        told.append(f"Key: {_name(wording.key_text(model.key))}\n")
    if columns := _columns(model):
        told.append(columns)
    if within := wording.tolerance_text(model):
        told.append(f"{within}\n")
    if model.examples:
        told.append(_examples(model))
    if not told:
        return ""
    summary = f"<code>{_escaped(wording.shorten(wording.clean(model.name), _NAME))}</code>"
    moved = sum(bool(column.moved_count) or column.kind != "moved" for column in model.columns)
    words = f": {wording.plural(moved, 'column')}" if moved else ""
    return f"<details><summary>{summary}{words}</summary>\n\n{chr(10).join(told)}\n</details>\n"


def _columns(model: ModelChange) -> str:
    shown = [column for column in model.columns if column.moved_count or column.kind != "moved"]
    if not shown:
        return ""
    rows = [
        _row([_name(column.name), wording.count(column.moved_count), _prose(wording.column_text(column))])
        for column in shown[:_COLUMNS]
    ]
    left_out = len(shown) - _COLUMNS
    more = f"\n_… {wording.plural(left_out, 'more column')}_\n" if left_out > 0 else ""
    return _header("column", "rows moved", "") + "".join(rows) + more


def _examples(model: ModelChange) -> str:
    rows = []
    for example in model.examples[:_EXAMPLES]:
        key = _name(wording.key_of(example.key, 30)) if example.key else "(no key)"
        for name, (base, head) in list(example.columns.items())[:_EXAMPLE_COLUMNS]:
            old, new = wording.values(base, head, 60)
            sides = ("" if example.how == "added" else _name(old), "" if example.how == "removed" else _name(new))
            rows.append(_row([f"{key} {example.how if example.how != 'changed' else ''}".strip(), _name(name), *sides]))
        if len(example.columns) > _EXAMPLE_COLUMNS:
            more = wording.plural(len(example.columns) - _EXAMPLE_COLUMNS, "more column")
            rows.append(_row([key, f"… {more}", "", ""]))
    return _header("key", "column", "base", "head") + "".join(rows)


def _lineage(review: Review) -> list[_Part]:
    if not review.lineage and not wording.unpredicted(review):
        return []
    told = [
        f"- {'❌ **' + words + '**' if is_alarm else words}: {_names(of, 30)}\n"
        for is_alarm, words, of in wording.lineage_sentences(review)
    ]
    return [_Part("\n### Lineage\n\n" + ("".join(told) or f"{wording.lineage_agrees(review)}\n"))]


def _unused(review: Review) -> list[_Part]:
    if not review.unused_expectations:
        return []
    told = tuple(f"- {_prose(entry)}\n" for entry in review.unused_expectations)
    return [_Part("\n### Expected, but not seen (`review/expected.yml`)\n\n", told, "expectation")]


def _reproduce(review: Review) -> list[_Part]:
    if not review.reproduce:
        return []
    commands = "\n".join(map(wording.clean, review.reproduce))
    return [_Part(f"\n### Again\n\n{_fenced(wording.shorten(commands, _PROBLEM), 'sh')}")]


# --- Markdown ----------------------------------------------------------------------------------------------------


def _header(label: str, *others: str) -> str:
    """Head of a table: texts to the left, numbers to the right."""
    words = {"why", "", "column", "base", "head"}
    marks = [":--" if other in words else "--:" for other in others]
    return _row([label, *others]) + _row([":--", *marks])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _changed(cell: wording.Cell) -> str:
    return f"{cell.base} → **{cell.head}**" if cell.has_changed else cell.text


def _names(names: list[str], limit: int) -> str:
    shown = ", ".join(map(_name, names[:limit]))
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def _name(text: str) -> str:
    """A name or value as code. Only what is surely harmless stands between backticks, which read well unrendered."""
    shown = wording.shorten(wording.clean(text), _NAME)
    if _PLAIN.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    return f"<code>{_escaped(shown)}</code>" if shown.strip() else "(empty)"


def _prose(text: str) -> str:
    """A sentence from data or settings, as nothing but text."""
    return _escaped(wording.shorten(wording.clean(text), _TEXT))


def _escaped(text: str) -> str:
    """The text with references for all characters that mean something; nobody is notified, no issue is linked."""

    def reference(match: re.Match[str]) -> str:
        found = match[0]
        after = _ZERO_WIDTH if found in "@#" or found == "www" else ""
        return (found if found == "www" else f"&#{ord(found)};") + after

    return _SPECIAL.sub(reference, text)


def _fenced(text: str, language: str = "") -> str:
    """A block of code, fenced by more backticks than the text has in a row."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"
