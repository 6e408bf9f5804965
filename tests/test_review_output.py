"""What a review shows, in the terminal, as Markdown, as a page and as JSON."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from scripts.dbt_run import Failure
from scripts.review import wording
from scripts.review.as_json import to_json
from scripts.review.findings import (
    ColumnChange,
    Example,
    FunnelStep,
    Gate,
    Key,
    LineageModel,
    Metric,
    ModelChange,
    Review,
    Value,
)
from scripts.review.markdown import MARKER, markdown
from scripts.review.page import draw, html, section_ids
from scripts.review.terminal import print_review

HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "attribute": "\" onmouseover='alert(3)' x=\"",
    "pipes": "a|b\\|c||d",
    "markdown": "**bold** [link](javascript:alert(4)) `tick` ``` @octocat #1 ~~gone~~ </details>",
    "lines": "one\n\n| two |\r\n## three",
    "terminal": "\x1b[31mred\x1b]0;title\x07 [bold red]markup[/]",
    "bidi": "\u202eelif.exe\u2066\u200b",
    "arabic": "خطوة جديدة",
    "emoji": "👩‍💻 launch 🚀",
    "long": "x" * 200,
    "half": "half \ud83d emoji",
}


def _model(name: str, layer: str, kind: Any, why: tuple[str, ...], **fields: Any) -> ModelChange:
    """A model whose rows are given as base, head, removed, added, changed."""
    names = ("base_row_count", "head_row_count", "removed_row_count", "added_row_count", "changed_row_count")
    rows = dict(zip(names, fields.pop("rows", (9, 9, 0, 0, 0)), strict=True))
    given = {"is_predicted": True, **rows, **fields}
    return ModelChange(name, f"models/{layer.split('.')[1]}/{name}.sql", layer, kind, why, **given)


def example_review(**changes: Any) -> Review:
    """A review in which something of everything happened."""
    entries = ModelChange(
        name="funnel_entries",
        path="models/product/funnel_entries.sql",
        layer="prod.product",
        kind="changed",
        why=("code", "upstream"),
        key=Key(("funnel_name", "person_id"), "unique_combination_of_columns test"),
        base_row_count=12_345,
        head_row_count=12_340,
        removed_row_count=11,
        added_row_count=6,
        changed_row_count=1_240,
        columns=(
            ColumnChange("converted_at", "moved", 1_230, 4),
            ColumnChange("device_type", "retyped", 12, 0, None, "BIGINT", "VARCHAR"),
            ColumnChange("is_open", "added", head_type="BOOLEAN"),
            ColumnChange("referrer", "removed", base_type="VARCHAR"),
            ColumnChange("channel", "renamed", base_name="source_channel"),
            ColumnChange("engaged_seconds", "moved", 0, 37),
        ),
        examples=(
            Example(
                {"funnel_name": "signup", "person_id": "anon:81f3"},
                "changed",
                {
                    "converted_at": ("2025-03-01 10:00:00", None),
                    "device_type": (2, "2"),
                    **{f"attribute_{at}": (at, at + 0.5) for at in range(4)},
                },
            ),
            Example({"funnel_name": "signup", "person_id": "m-17"}, "added", {"converted_at": (None, "2025-03-02")}),
            Example({"funnel_name": "signup", "person_id": "m-18"}, "removed", {"converted_at": ("2025-03-03", None)}),
        ),
        code_diff=(
            "--- a/models/product/funnel_entries.sql\n+++ b/models/product/funnel_entries.sql\n"
            "@@ -1,3 +1,3 @@\n SELECT person_id\n-     , a < b AS is_open\n+     , a <= b AS is_open\n  FROM entries\n"
        ),
        is_predicted=True,
    )
    models = (
        entries,
        _model(
            "funnel_step_conversion",
            "prod.product",
            "changed",
            ("upstream",),
            rows=(640, 640, 20, 20, 0),
            examples=(Example({}, "added", {"step_name": (None, "Payment"), "reached_count": (None, 60_207)}),),
        ),
        _model(
            "page_views",
            "prep.intermediate",
            "changed",
            ("data",),
            key=Key(("page_view_id",), "unique test", 0, 3),
            rows=(90_000, 90_003, 0, 3, 0),
            is_predicted=False,
        ),
        _model("funnel_reach", "prod.product", "added", ("code",), rows=(0, 55, 0, 0, 0)),
        _model("old_funnel", "prod.product", "removed", ("code",), rows=(77, 0, 0, 0, 0)),
        _model(
            "person_times",
            "prep.intermediate",
            "renamed",
            ("code",),
            base_name="member_times",
            key=Key(("person_id",), "contract"),
            rows=(500, 500, 0, 0, 0),
        ),
        _model("clients", "prep.base", "same", ("code",)),
        _model("members", "prep.base", "same", ()),
    )
    lineage = (
        LineageModel("snowplow.events", "raw.snowplow", (), False, False),
        LineageModel("wellthy.clients", "raw.wellthy", (), False, False),
        LineageModel("wellthy.members", "raw.wellthy", (), False, False),
        LineageModel("clients", "prep.base", ("wellthy.clients",), False, True),
        LineageModel("members", "prep.base", ("wellthy.members",), False, False),
        LineageModel("page_views", "prep.intermediate", ("snowplow.events",), True, False),
        LineageModel("person_times", "prep.intermediate", ("snowplow.events", "members"), False, True),
        LineageModel("funnel_entries", "prod.product", ("person_times", "clients"), True, True),
        LineageModel("funnel_step_conversion", "prod.product", ("person_times", "funnel_entries"), True, True),
        LineageModel("funnel_reach", "prod.product", ("funnel_entries", "page_views"), True, True),
        LineageModel("weekly report", "exposure", ("funnel_step_conversion", "clients"), False, True),
    )
    review = Review(
        verdict="FAIL",
        exit_code=1,
        base="main at 1a2b3c4",
        head="working tree on wider-window",
        data="data (5 files, 7f3a9c)",
        gates=(
            Gate("conversion", "failed", "signup conversion moves by −1.5 points, 1 is the limit"),
            Gate("rows", "expected", "old_funnel loses 77 rows: it was only a copy"),
            Gate("keys", "passed", "within the limit"),
            Gate("schema", "passed", "within the limit"),
        ),
        funnel=(
            FunnelStep(
                "signup", 1, "Create Account", False, (12_345, 12_340), (None, None), (None, None), (None, None)
            ),
            FunnelStep(
                "signup", 2, "Verify Email", False, (9_876, 9_871), (0.8, 0.79992), (0.2, 0.20008), (65.0, 65.0)
            ),
            FunnelStep("signup", 3, "About You", True, (7_000, 7_000), (0.709, 0.709), (0.291, 0.291), (12.4, 12.6)),
            FunnelStep("signup", 4, "Payment", False, (None, 6_020), (None, 0.86), (None, 0.14), (None, 4_000.0)),
            FunnelStep(
                "signup", 5, "Dashboard", False, (5_259, 5_072), (0.751, 0.8425), (0.249, 0.1575), (90_000.0, 4.2)
            ),
            FunnelStep("invited", 1, "Open Invitation", False, (310, 310), (None, None), (None, None), (None, None)),
            FunnelStep("invited", 2, "Dashboard", False, (155, 155), (0.5, 0.5), (0.5, 0.5), (600.0, 600.0)),
        ),
        metrics=(
            Metric("signup conversion", "rate", 0.426, 0.411, "81% of the lost conversions are device type = mobile"),
            Metric("signup entries", "count", 12_345, 12_340),
            Metric("time to dashboard", "seconds", 3_661.0, 3_725.0),
            Metric("pages per person", "number", 4.25, 4.375),
            Metric("invited conversion", "rate", 0.5, 0.5),
            Metric("reach", "rate", None, 0.312),
        ),
        models=models,
        lineage=lineage,
        unused_expectations=("keys of members: duplicates come with the import",),
        reproduce=("git checkout wider-window", "make review BASE=1a2b3c4"),
        seconds=34.2,
    )
    return replace(review, **changes)


def hostile_review(text: str) -> Review:
    """A review in which every text that data or people name is this one."""
    review = example_review()

    def model(of: ModelChange) -> ModelChange:
        return replace(
            of,
            name=f"{text}{of.name}",
            path=text,
            layer=text,
            why=(text,),
            base_name=text if of.base_name else None,
            key=replace(of.key, columns=tuple(text for _ in of.key.columns), origin=text),
            columns=tuple(replace(c, name=text, base_type=text, head_type=text, base_name=text) for c in of.columns),
            examples=tuple(replace(e, key={text: text}, columns={text: (text, f"{text}!")}) for e in of.examples),
            code_diff=f"@@ -1 +1 @@\n-{text}\n+{text}",
        )

    return replace(
        review,
        base=text,
        head=text,
        data=text,
        gates=tuple(replace(gate, name=text, message=text) for gate in review.gates),
        funnel=tuple(replace(step, funnel_name=text, step_name=text) for step in review.funnel),
        metrics=tuple(replace(metric, name=text, slice_that_moved=text) for metric in review.metrics),
        models=tuple(map(model, review.models)),
        lineage=tuple(
            replace(node, name=f"{text}{node.name}", layer=text, reads=tuple(f"{text}{name}" for name in node.reads))
            for node in review.lineage
        ),
        unused_expectations=(text,),
        problem=text,
        problem_without_values=text,
        reproduce=(text,),
    )


def unchanged_review() -> Review:
    review = example_review()
    return replace(
        review,
        verdict="PASS",
        exit_code=0,
        gates=tuple(replace(gate, status="passed") for gate in review.gates),
        funnel=tuple(
            replace(
                step,
                reached=(9, 9),
                rate_of_previous=(0.5, 0.5),
                drop_off_rate=(0.5, 0.5),
                median_seconds=(None, None),
            )
            for step in review.funnel
        ),
        metrics=tuple(replace(metric, base=1.0, head=1.0) for metric in review.metrics),
        models=tuple(_model(model.name, model.layer, "same", ()) for model in review.models),
        lineage=tuple(replace(node, has_moved=False, is_predicted=False) for node in review.lineage),
        unused_expectations=(),
    )


def terminal(review: Review, width: int = 80, **options: Any) -> str:
    output = io.StringIO()
    print_review(review, Console(file=output, width=width, **options))
    return output.getvalue()


class Page(HTMLParser):
    """The tags and the text of a page; scripts and styles are no text."""

    _void = ("meta", "link", "br", "img", "hr", "path")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.problems: list[str] = []
        self.words: list[str] = []
        self.prose: list[str] = []
        self.feed(source)
        self.close()

    @property
    def text(self) -> str:
        return _joined("".join(self.words).replace("\u200b", ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self._void:
            self.open.append(tag)
        self.words.append(" " if tag in ("td", "th", "p", "small", "dd", "dt", "br", "tr", "li") else "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)
            self.prose.append("" if "code" in self.open else data)


def rendered(source: str) -> Page:
    """What GitHub makes of Markdown, its own rules about HTML left aside."""
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(source))


def _joined(text: str) -> str:
    return " ".join(text.split())


# --- The same everywhere -----------------------------------------------------------------------------------------

FACTS = (
    *("FAIL", "main at 1a2b3c4", "working tree on wider-window", "data (5 files, 7f3a9c)", "34 s"),
    "6 models moved, 5 of 7 steps; signup conversion −1.5 points; 1 gate failed; 1 gate broken as expected",
    *("signup conversion moves by −1.5 points, 1 is the limit", "old_funnel loses 77 rows: it was only a copy"),
    *("keys", "schema", "Create Account", "12,340", "79.99 %", "1 min 05 s", "13 s", "86.0 %", "1 h 07 min", "4.2 s"),
    *("unchanged (2 steps)", "42.6 %", "41.1 %", "−1.5 points", "81% of the lost conversions are device type = mobile"),
    *("1 h 02 min", "+1 min 04 s", "+0.12, +2.9 %", "31.2 %", "1 other unchanged"),
    *("funnel_entries", "code, upstream", "1,240", "converted_at", "1,230", "BIGINT → VARCHAR", "added (BOOLEAN)"),
    *("removed (VARCHAR)", "renamed from source_channel", "renamed from member_times", "90,003"),
    *(
        "no key: rows compared as a multiset",
        "not unique: 3 rows on head share their key",
        "touched, not moved: clients",
    ),
    *("moved, not predicted: page_views", "predicted, not moved: clients, person_times, weekly report"),
    *("keys of members: duplicates come with the import", "make review BASE=1a2b3c4", "review: FAIL (exit 1)"),
    *("2025-03-01 10:00:00", "NULL", "person_id=anon:81f3", "60207"),
)


@pytest.mark.parametrize("fact", FACTS)
def test_every_output_says_the_same(fact: str) -> None:
    review = example_review()
    assert fact in _joined(terminal(review, 300))
    assert fact in rendered(markdown(review, show_values=True)).text
    assert fact in Page(html(review)).text


def test_the_parts_come_in_the_same_order() -> None:
    order = ("FAIL", "Gates", "Funnel", "Metrics", "Models", "converted_at", "Lineage", "not seen", "Again", "exit 1")
    pages = (terminal(example_review()), markdown(example_review()), html(example_review()).split("</nav>")[1])
    for page in pages:
        places = [page.index(word) for word in order[0 if page is not pages[2] else 1 :]]
        assert places == sorted(places)


def test_json_holds_every_record() -> None:
    review = example_review()
    read = json.loads(to_json(review))
    assert list(read)[:2] == ["format", "summary"]
    assert read["format"] == 1
    assert read["summary"] == wording.summary(review)
    assert read["exit_code"] == 1
    assert read["models"][0]["examples"][0]["columns"]["converted_at"] == ["2025-03-01 10:00:00", None]
    assert read["funnel"][4]["rate_of_previous"] == [0.751, 0.8425]
    assert [model["name"] for model in read["models"]] == [model.name for model in review.models]
    assert to_json(review) == to_json(example_review())


def test_json_knows_no_nan() -> None:
    example = Example({"id": 1}, "changed", {"score": (float("nan"), float("-inf"))})
    model = replace(example_review().models[0], examples=(example,))
    read = json.loads(to_json(example_review(models=(model,))), parse_constant=pytest.fail)
    assert read["models"][0]["examples"][0]["columns"]["score"] == ["nan", "-inf"]


@pytest.mark.parametrize(
    ("verdict", "exit_code"), [("PASS", 0), ("CHANGED", 0), ("FAIL", 1), ("FAIL", 3), ("ERROR", 4)]
)
def test_the_last_line_is_for_scripts(verdict: Any, exit_code: int) -> None:
    review = example_review(verdict=verdict, exit_code=exit_code)
    line = f"review: {verdict} (exit {exit_code})"
    assert terminal(review, 20).endswith(f"\n{line}\n")
    assert markdown(review).endswith(f"\n`{line}`\n")
    assert Page(html(review)).text.endswith(line)


def test_a_side_that_does_not_build_leaves_only_the_problem() -> None:
    problem = "main does not build:\n  Compilation Error in model `x`\n\n```\n    <b>"
    review = Review(
        "ERROR",
        4,
        "main",
        "working tree",
        "data",
        problem=problem,
        problem_without_values=problem,
        reproduce=("make review",),
    )
    text = "\n".join(line.rstrip() for line in terminal(review).split("\n"))
    assert text.startswith("ERROR  nothing was compared: base does not build\n")
    assert text.endswith("\n  ```\n      <b>\n\nreview: ERROR (exit 4)\n")
    assert len(text.splitlines()) == 11
    for page in (Page(html(review)), rendered(markdown(review))):
        assert "Compilation Error in model `x` ``` <b> review: ERROR (exit 4)" in page.text
        assert "Gates" not in page.text
        assert not page.open + page.problems


def test_a_failed_test_is_told_beside_what_was_compared() -> None:
    review = example_review(exit_code=3, problem="unique_page_views fails: 3 rows", problem_without_values="hidden")
    for text in (terminal(review), rendered(markdown(review, True)).text, Page(html(review)).text):
        assert text.index("unique_page_views fails") < text.index("conversion moves") < text.index("converted_at")


def test_nothing_moved_is_short() -> None:
    review = unchanged_review()
    text = terminal(review)
    assert text.startswith("PASS  nothing moved\n")
    assert len(text.splitlines()) <= 30
    assert "unchanged (5 steps)" in text
    assert "unchanged (8 models)" in text
    assert "→" not in text.split("Gates")[1]
    assert "nothing was predicted to move, nothing moved" in text
    assert len(markdown(review)) < 1_000
    assert "<section class=" not in html(review)


def test_every_field_may_be_empty() -> None:
    for review in (Review("PASS", 0, "", "", ""), Review("PASS", 0, "", "", "", gates=example_review().gates)):
        for page in (Page(html(review)), rendered(markdown(review))):
            assert "review: PASS (exit 0)" in page.text
            assert not page.open + page.problems
        assert terminal(review).endswith("review: PASS (exit 0)\n")


# --- Texts that nobody chose -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_becomes_part_of_the_page(text: str) -> None:
    plain, page = Page(html(hostile_review("x"))), Page(html(hostile_review(text)))
    # Spans are the lines of code, and some texts have more lines.
    assert [tag for tag in page.tags if tag != "span"] == [tag for tag in plain.tags if tag != "span"]
    assert [name for tag, name, _ in page.attributes if tag != "span"] == [
        name for tag, name, _ in plain.attributes if tag != "span"
    ]
    assert {name for tag, name, _ in page.attributes if tag == "span"} == {"class", "aria-hidden"}
    assert not page.open + page.problems
    assert wording.clean(text).split()[0] in page.text
    assert not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff\u202a-\u202e\u2066]", html(hostile_review(text)))
    html(hostile_review(text)).encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_becomes_part_of_the_markdown(text: str) -> None:
    source = markdown(hostile_review(text), show_values=True)
    plain, page = rendered(markdown(hostile_review("x"), show_values=True)), rendered(source)
    # Names stand in backticks or in <code>, and either is a code tag when rendered.
    assert page.tags == plain.tags
    assert not page.open + page.problems
    assert _joined(wording.clean(text)).split()[0][:100] in page.text
    assert not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff\u202a-\u202e\u2066]", source)
    assert not re.search(r"@\w|#\d", "".join(page.prose)), "nobody is notified, nothing is linked"
    source.encode()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("width", [80, 112, 200])
def test_no_text_breaks_the_terminal(text: str, width: int) -> None:
    review = replace(hostile_review(text), reproduce=())  # commands are not broken, so that they can be pasted
    shown = terminal(review, width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert shown.endswith("\nreview: FAIL (exit 1)\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff\u202a-\u202e\u2066]", shown)
    if text == HOSTILE["terminal"]:
        assert "[bold red]markup[/]" in _joined(terminal(review, 3_000))


def test_hostile_texts_stay_unchanged_in_json() -> None:
    for text in HOSTILE.values():
        read = json.loads(to_json(hostile_review(text)).encode("ascii"))
        assert read["gates"][0]["message"] == text


# --- Terminal ----------------------------------------------------------------------------------------------------


def test_the_terminal_is_filled_but_never_exceeded() -> None:
    for width in (60, 80, 100, 112, 160):
        assert max(map(cell_len, terminal(example_review(), width).splitlines())) <= width
    assert "12,345 → 12,340                  –" not in terminal(example_review(), 80)
    assert re.search(r"Create Account +12,345 → 12,340", terminal(example_review(), 120))
    assert re.search(r"Create Account +12,345 .*\n +→ 12,340", terminal(example_review(), 80))


def test_nothing_is_cut_where_the_terminal_is_narrow() -> None:
    step = replace(example_review().funnel[0], step_name="step_" * 20)
    shown = terminal(example_review(funnel=(step,)), 80)
    assert "…" not in shown
    first_column = "".join(re.findall(r"(?m)^   ([step_]+) *(?: [\d→]|$)", shown))
    assert first_column == "step_" * 20
    assert "81%ofthelostconversionsaredevicetype=mobile" in "".join(shown.split())


def test_colour_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in terminal(example_review())
    assert "\x1b[1;31mFAIL" in terminal(example_review(), force_terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*3\dm", terminal(example_review(), force_terminal=True))


# --- Markdown ----------------------------------------------------------------------------------------------------


def test_the_comment_is_found_again() -> None:
    assert markdown(example_review()).startswith("<!-- signup-funnel-review -->\n")
    assert MARKER == "<!-- signup-funnel-review -->"


def test_values_of_rows_are_hidden_unless_asked_for() -> None:
    values = ("anon:81f3", "m-17", "2025-03-0", "60207", "Could not convert")
    failure = Failure("models/x.sql", "x", "Runtime Error in model x\n  Conversion Error: Could not convert 'Ann'")
    review = example_review(problem=str(failure), problem_without_values=failure.without_values)
    shown, bare = rendered(markdown(review, True)).text, wording.without_values(review)
    assert not [value for value in values if value not in shown]
    for text in (rendered(markdown(review)).text, terminal(bare), html(bare), to_json(bare)):
        assert not [value for value in values if value in text]
        assert "models/x.sql: x: Conversion Error" in text


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Database Error in model x (models/x.sql)\n  Out of Memory Error: 'a'", "Out of Memory Error"),
        ("Runtime Error in model x\n  Conversion Error: Could not convert 'Ann'", "Conversion Error"),
        ("Got 3 results, configured to fail if != 0", "failed"),
        ("actual differs from expected:\n\n@@ ,name\n+++,Ann Error", "failed"),
    ],
)
def test_of_a_failure_without_values_the_kind_remains(message: str, kind: str) -> None:
    assert Failure("models/x.sql", "x", message).without_values == f"models/x.sql: x: {kind}"


def big_review(model_count: int, text: str) -> Review:
    models = tuple(replace(example_review().models[0], name=f"model_{at}_{text}") for at in range(model_count))
    columns = tuple(ColumnChange(f"{text}_{at}", "moved", 9) for at in range(300))
    nodes = tuple(
        LineageModel(model.name, "prod.product", (models[at - 1].name,) if at else (), True, bool(at % 3))
        for at, model in enumerate(models)
    )
    return example_review(models=(replace(models[0], columns=columns), *models[1:]), lineage=nodes)


@pytest.mark.parametrize("text", ["x", "|<@" * 60, "👩‍💻" * 60])
def test_a_comment_is_never_too_long(text: str) -> None:
    source = markdown(big_review(500, text), show_values=True)
    page = rendered(source)
    assert 40_000 < len(source.encode("utf-16-le")) // 2 < 65_536
    assert re.search(r"… [\d,]+ (rows|model's details) left out: too long for a comment", page.text)
    assert source.endswith("`review: FAIL (exit 1)`\n")
    assert "signup conversion moves by" in page.text, "short parts stay"
    assert not page.open + page.problems


def test_what_was_left_out_is_counted() -> None:
    text = rendered(markdown(big_review(500, "x"))).text
    told = sum(int(count) for count in re.findall(r"… (\d+) model's details", text))
    assert told + text.count("41 cells within tolerance") + text.count("275 more columns") == 500


def test_long_texts_do_not_fill_a_comment() -> None:
    for changes in ({"problem": "p" * 200_000}, {"gates": (Gate("g" * 200_000, "failed", "m" * 200_000),) * 300}):
        for source in (markdown(example_review(**changes)), markdown(hostile_review("@|`" * 30_000), True)):
            assert len(source) < 65_536
            assert source.endswith("`review: FAIL (exit 1)`\n")


# --- Page --------------------------------------------------------------------------------------------------------


def test_the_page_asks_nobody_for_anything() -> None:
    page = html(example_review())
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert "url(" not in page
    linked = [value for _, name, value in Page(page).attributes if name in ("href", "src", "xlink:href", "srcset")]
    assert all(value.startswith("#") or value == "data:," for value in linked)
    policy = next(value for _, name, value in Page(page).attributes if value.startswith("default-src 'none'"))
    assert "unsafe" not in policy


def test_the_policy_knows_the_script_and_the_style() -> None:
    page = html(example_review())
    for tag in ("script", "style"):
        (content,) = re.findall(rf"(?s)<{tag}>(.*?)</{tag}>", page)
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in page


def test_fragments_and_ids_meet() -> None:
    for review in (example_review(), *map(hostile_review, HOSTILE.values())):
        attributes = Page(html(review)).attributes
        ids = [value for _, name, value in attributes if name == "id"]
        assert len(ids) == len(set(ids))
        assert {"verdict", "gates", "funnel", "metrics", "models", "lineage", "again"} <= set(ids)
        assert {unquote(value[1:]) for _, name, value in attributes if name == "href" and value[0] == "#"} <= set(ids)
    own_ids = {value for _, name, value in Page(html(example_review())).attributes if name == "id"}
    assert {"model-funnel_entries", "model-clients"} <= own_ids
    assert "model-members" not in own_ids


def test_tables_have_captions_and_headers() -> None:
    page = Page(html(example_review()))
    assert page.tags.count("table") == page.tags.count("caption") == page.tags.count("thead") == 6
    scopes = [(tag, value) for tag, name, value in page.attributes if name == "scope"]
    assert len(scopes) == page.tags.count("th")


def test_code_is_shown_line_by_line() -> None:
    page = html(example_review())
    assert '<span class="removed">-     , a &lt; b AS is_open\n</span>' in page
    assert '<span class="added">+     , a &lt;= b AS is_open\n</span>' in page
    assert "Code: +1 −1 lines" in page
    assert '<span class="hunk">@@ -1,3 +1,3 @@' in page
    long = replace(example_review().models[0], code_diff="@@ -1 +1 @@\n" + "+row\n" * 1_500)
    page = html(example_review(models=(long,)))
    assert page.count('class="added"') == 999
    assert "… 501 more lines" in page


def test_each_changed_number_of_the_page_says_by_how_much() -> None:
    text = Page(html(example_review())).text
    assert "5,259 → 5,072 −187, −3.6 % 75.1 % → 84.2 % +9.2 points" in text


def test_the_drawing_goes_from_left_to_right() -> None:
    review = example_review()
    drawing = draw(review, section_ids(review))
    nodes = {node.name: node for node in drawing.nodes}
    assert nodes["page_views"].state == "unpredicted"
    assert nodes["clients"].state == "predicted"
    assert nodes["funnel_entries"].state == "moved"
    assert nodes["members"].state == "unmoved"
    for model in review.lineage:
        for parent in model.reads:
            assert nodes[parent].x + nodes[parent].width < nodes[model.name].x
    boxes = list(nodes.values())
    for at, one in enumerate(boxes):
        assert not [other for other in boxes[at + 1 :] if one.x == other.x and abs(one.y - other.y) < 42]
        assert one.x + one.width <= drawing.width
        assert one.y + 42 <= drawing.height
    assert len({node.outline.count("a") + node.outline.count("L") for node in boxes}) > 1, "shapes differ"
    for model in review.lineage:
        for parent in model.reads:
            left, right = nodes[parent], nodes[model.name]
            assert any(edge.path.startswith(f"M{left.x + left.width:.0f} {left.y + 21:.1f}C") for edge in drawing.edges)
            assert any(edge.path.endswith(f" {right.x:.0f} {right.y + 21:.1f}") for edge in drawing.edges)
    assert sum(edge.is_moved for edge in drawing.edges) == 3 + 1 + 1, "page_views passes two layers to funnel_reach"


def test_a_source_may_have_the_name_of_its_model() -> None:
    lineage = (
        LineageModel("members", "raw.wellthy", (), False, False),
        LineageModel("members", "prep.base", ("members",), True, True),
        LineageModel("people", "prep.base", ("members",), True, True),
    )
    review = example_review(lineage=lineage)
    source, model, reader = draw(review, section_ids(review)).nodes
    assert source.x < model.x < reader.x


def test_a_large_drawing_shows_what_matters() -> None:
    lineage = tuple(
        LineageModel(f"m{at}", "prod.product", (f"m{at - 1}",) if at else (), at > 490, at > 490) for at in range(500)
    )
    review = example_review(lineage=lineage)
    drawing = draw(review, {})
    assert [node.name for node in drawing.nodes] == [f"m{at}" for at in range(490, 500)]
    assert drawing.left_out_count == 490
    assert "490 nodes that nothing reaches left out" in Page(html(review)).text


# --- Words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "head", "unit", "text", "difference"),
    [
        (0.426, 0.411, "rate", "42.6 % → 41.1 %", "−1.5 points"),
        (0.42641, 0.42639, "rate", "42.641 % → 42.639 %", "−0.002 points"),
        (0.5, 0.5 + 1e-13, "rate", "50.0 %", ""),
        (None, 0.3, "rate", "– → 30.0 %", "new"),
        (0.3, None, "rate", "30.0 % → –", "gone"),
        (None, None, "rate", "–", ""),
        (12_345, 12_100, "count", "12,345 → 12,100", "−245, −2.0 %"),
        (0, 5, "count", "0 → 5", "+5"),
        (65.0, 70.0, "seconds", "1 min 05 s → 1 min 10 s", "+5 s"),
        (59.6, 3_599.7, "seconds", "1 min 00 s → 1 h 00 min", "+59 min 00 s"),
        (3_700.0, 3_704.0, "seconds", "1 h 01 min 40 s → 1 h 01 min 44 s", "+4 s"),
        (90_000.0, 4.25, "seconds", "1 d 01 h → 4.2 s", "−1 d 01 h"),
        (-1.5, -2.0, "number", "−1.50 → −2.00", "−0.50, −33.3 %"),
        (0.00001, 0.00002, "number", "0.0000100 → 0.0000200", "+0.00001, +100.0 %"),
        (float("nan"), 1.0, "number", "nan → 1", "not finite"),
        (float("nan"), float("nan"), "number", "nan", ""),
    ],
)
def test_numbers(base: float | None, head: float | None, unit: Any, text: str, difference: str) -> None:
    cell = wording.cell(base, head, unit)
    assert (cell.text, cell.difference) == (text, difference)


@pytest.mark.parametrize(
    ("base", "head", "texts"),
    [
        (None, "NULL", ("NULL", "'NULL'")),
        ("", " a", ("''", "' a'")),
        (True, 1, ("true", "1")),
        (2, "2", ("2", "'2'")),
        (0.1 + 0.2, 1_234_567, ("0.30000000000000004", "1234567")),
        ("x" * 100 + "old", "x" * 100 + "new", (f"…{'x' * 10}old", f"…{'x' * 10}new")),
        ("a\nb", "a\u202eb", ("a\\nb", "a\\u202eb")),
    ],
)
def test_values(base: Value, head: Value, texts: tuple[str, str]) -> None:
    assert wording.values(base, head, 60) == texts


def test_the_alarm_needs_lineage_that_could_be_read() -> None:
    review = example_review()
    assert wording.unpredicted(review) == ["page_views"]
    unread = tuple(replace(model, is_predicted=None) for model in review.models)
    assert wording.unpredicted(replace(review, models=unread)) == []
    assert "moved, lineage could not be read: funnel_entries" in terminal(replace(review, models=unread))
