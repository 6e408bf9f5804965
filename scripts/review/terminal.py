"""A review in the terminal: what is to know first comes first, the exit code in words comes last."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scripts.review import wording
from scripts.review.findings import Example, FunnelStep, Metric, ModelChange, Review

_VERDICT_STYLES = {"PASS": "bold green", "CHANGED": "bold cyan", "FAIL": "bold red", "ERROR": "bold red"}
_GATE_STYLES = {"passed": "green", "failed": "red", "expected": "yellow"}
_CHANGED = "bold yellow"
_ROOMY = 112  # columns from which base → head of a step fits into one line
_EXAMPLES = 3  # of a model; the page has all that were kept
_EXAMPLE_MODELS = 8
_EXAMPLE_COLUMNS = 4


def print_review(review: Review, console: Console) -> None:
    """Print the review. Colour is Rich's decision: only on terminals, never with NO_COLOR."""
    style = _VERDICT_STYLES[review.verdict]
    console.print(Text.assemble((review.verdict, style), f"  {wording.summary(review)}"))
    sides = f"{wording.clean(review.base)} → {wording.clean(review.head)}"
    console.print(Text(f"{sides} · {wording.clean(review.data)} · {wording.seconds(review.seconds)}", style="dim"))
    if review.problem:
        _print_part(console, "Problem", Text("\n".join(wording.clean_lines(review.problem))))
    if wording.is_compared(review):
        _print_part(console, "Gates", _gates(review))
        for title, content in _funnels(review, console.width):
            _print_part(console, title, content)
        _print_part(console, "Metrics", _metrics(review))
        _print_part(console, "Models", _models(review))
        _print_part(console, "Examples", _examples(review))
        _print_part(console, "Lineage", _lineage(review))
        _print_part(console, "Expected, but not seen (review/expected.yml)", _unused(review))
    if review.reproduce and wording.is_compared(review):
        console.print(Text("\nAgain", style="bold"))
        for command in review.reproduce:
            # Never broken, or it could not be pasted.
            console.print(Text(f"  {wording.clean(command)}"), soft_wrap=True)
    console.print()
    console.print(Text(wording.last_line(review), style=style), soft_wrap=True)


def _print_part(console: Console, title: str, content: RenderableType | None) -> None:
    if content is not None:
        console.print(Text(f"\n{title}", style="bold"))
        console.print(Padding(content, (0, 0, 0, 2), expand=False))


def _gates(review: Review) -> RenderableType | None:
    if not review.gates:
        return None
    grid = _grid()
    for status, symbol in wording.GATE_SYMBOLS.items():
        gates = [gate for gate in review.gates if gate.status == status]
        style = _GATE_STYLES[status]
        if status == "passed" and gates:
            passed = wording.names([gate.name for gate in gates], 50)
            grid.add_row(Text(symbol, style=style), Text(f"{len(gates):,} passed: {passed}"))
            continue
        for gate in gates:
            words = "expected: " if status == "expected" else ""
            name = (f"{wording.clean(gate.name)}  ", style)
            grid.add_row(Text(symbol, style=style), Text.assemble(name, words, wording.clean(gate.message)))
    return grid


def _funnels(review: Review, width: int) -> list[tuple[str, RenderableType]]:
    parts: list[tuple[str, RenderableType]] = []
    for name, steps in wording.funnels(review):
        if wording.has_funnel_moved(steps):
            parts.append((f"Funnel {wording.clean(name)}, base → head", _funnel(steps, width)))
        else:
            parts.append((f"Funnel {wording.clean(name)}", Text(f"unchanged ({wording.plural(len(steps), 'step')})")))
    return parts


def _funnel(steps: list[FunnelStep], width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("step", overflow="fold")
    for header in wording.FUNNEL_HEADERS:
        table.add_column(header, justify="right", no_wrap=True)
    for step in steps:
        notes = wording.step_notes(step)
        cells = wording.step_cells(step)
        name = f"{wording.clean(step.step_name)} ({notes})" if notes else wording.clean(step.step_name)
        table.add_row(Text(name), *(_changed(cell, width) for cell in cells))
    return table


def _changed(cell: wording.Cell, width: int) -> Text:
    """The cell, on two lines where the terminal is narrow; the arrow marks the change where colour is missing."""
    if not cell.has_changed:
        return Text(cell.text)
    return Text.assemble(cell.base, " " if width >= _ROOMY else "\n", (f"→ {cell.head}", _CHANGED))


def _metrics(review: Review) -> RenderableType | None:
    if not review.metrics:
        return None
    rows = [_metric(metric) for metric in wording.changed_metrics(review)]
    unchanged = wording.unchanged_metrics(review)
    return Group(*rows, *([Text(unchanged)] if unchanged else []))


def _metric(metric: Metric) -> Text:
    cell = wording.metric_cell(metric)
    text = Text.assemble(
        f"{wording.clean(metric.name)}  {cell.base} → ", (cell.head, _CHANGED), f" ({cell.difference})"
    )
    return text.append(f"\n  {wording.clean(metric.slice_that_moved)}") if metric.slice_that_moved else text


def _models(review: Review) -> RenderableType | None:
    if not review.models:
        return None
    moved, touched = wording.moved_models(review), wording.touched_models(review)
    parts: list[RenderableType] = [_model(model) for model in moved]
    if touched:
        parts.append(Text(f"touched, not moved: {wording.names([model.name for model in touched])}"))
    rest = len(review.models) - len(moved) - len(touched)
    if rest:
        parts.append(Text(f"{wording.plural(rest, 'model')} unchanged" if moved or touched else _all_same(rest)))
    return Group(*parts)


def _all_same(model_count: int) -> str:
    return f"unchanged ({wording.plural(model_count, 'model')})"


def _model(model: ModelChange) -> RenderableType:
    title = Text.assemble((wording.clean(model.name), _CHANGED), f" · {wording.clean(model.layer)} · ")
    title.append(wording.why_text(model))
    facts = [("rows", Text(f"{wording.row_count(model).text}{wording.row_changes(model)}"))]
    if columns := _columns(model):
        facts.append(("columns", columns))
    if problem := wording.key_problem(model):
        facts.append(("key", Text(f"{wording.key_text(model.key)}: {problem}" if model.key.columns else problem)))
    grid = _grid()
    for label, fact in facts:
        grid.add_row(Text(label, style="dim"), fact)
    return Group(title, Padding(grid, (0, 0, 0, 2), expand=False))


def _columns(model: ModelChange) -> Text | None:
    told = [
        " ".join(
            filter(None, (wording.clean(column.name), _moved_rows(column.moved_count), wording.column_text(column)))
        )
        for column in model.columns
        if column.moved_count or column.kind != "moved"
    ]
    told += filter(None, [wording.tolerance_text(model)])
    return Text(" · ".join(told)) if told else None


def _moved_rows(moved_count: int) -> str:
    return wording.count(moved_count) if moved_count else ""


def _examples(review: Review) -> RenderableType | None:
    with_examples = [model for model in review.models if model.examples]
    if not with_examples:
        return None
    parts: list[RenderableType] = []
    for model in with_examples[:_EXAMPLE_MODELS]:
        parts.append(Text(wording.clean(model.name), style=_CHANGED))
        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(3):
            grid.add_column(overflow="fold")
        for example in model.examples[:_EXAMPLES]:
            _add_example(grid, example)
        parts.append(Padding(grid, (0, 0, 0, 2), expand=False))
    if left_out := len(with_examples) - _EXAMPLE_MODELS:
        parts += [Text(f"and {wording.plural(left_out, 'more model')}")] if left_out > 0 else []
    return Group(*parts)


def _add_example(grid: Table, example: Example) -> None:
    """Add the example: a line per column, the key beside the first one."""
    key = wording.key_of(example.key, 30) or "(no key)"
    told = list(example.columns.items())
    for at, (name, (base, head)) in enumerate(told[:_EXAMPLE_COLUMNS]):
        old, new = wording.values(base, head, 40)
        pair = {"changed": f"{old} → {new}", "added": f"+ {new}", "removed": f"− {old}"}[example.how]
        grid.add_row(Text("" if at else key), Text(wording.clean(name)), Text(pair))
    if not told:
        grid.add_row(Text(key), Text(example.how), Text(""))
    if len(told) > _EXAMPLE_COLUMNS:
        grid.add_row(Text(""), Text(f"and {wording.plural(len(told) - _EXAMPLE_COLUMNS, 'more column')}"), Text(""))


def _lineage(review: Review) -> RenderableType | None:
    if not review.lineage and not wording.unpredicted(review):
        return None
    parts = []
    for is_alarm, words, of in wording.lineage_sentences(review):
        sentence = f"{words}: {wording.names(of)}"
        parts.append(Text(f"✗ {sentence}", style="red") if is_alarm else Text(sentence))
    return Group(*parts) if parts else Text(wording.lineage_agrees(review))


def _unused(review: Review) -> RenderableType | None:
    if not review.unused_expectations:
        return None
    return Group(*(Text(f"~ {wording.clean(entry)}") for entry in review.unused_expectations))


def _grid() -> Table:
    """A label and a text that wraps beside it."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
