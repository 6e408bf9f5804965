"""Hostile texts in urls, names, ids and user agents change nothing but themselves.

A small world is built twice: as it is, and with its texts replaced one-to-one by hostile ones. The second build says
what the first one says, with the same texts replaced.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt

from scripts.databases import Row
from scripts.export import export
from scripts.simulate.tsv import write_enriched
from tests.comparison import differences
from tests.models_only import build_tables
from tests.report_reader import Reader
from tests.report_worlds import page_of
from tests.worlds import PROJECT_DIR, World, run_build

EVENTS, MEMBERS, CLIENTS = "snowplow/events/all.parquet", "wellthy/members.parquet", "wellthy/clients.parquet"
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
USER = "contexts_com_wellthy_user_2"
LINK_CLICK = "unstruct_event_com_snowplowanalytics_snowplow_link_click_1"

TEXTS = (
    "", "cubot x", " ", "0", "NULL", "null", "\\N", "nan", "true", "1e5", "=1+1", "-1+1", "+1", "@SUM(A1)",
    "\tleading tab", " leading", "trailing ", "trailing\u00a0", "a\nb", "a\r\nb", "c\td", "\x01\x02\x1b[2J\x7f\x85",
    "'", "''", '"', '""', "`", "\\", "\\'", '\\"', "$$", "$1", "${HOME}", "%", "_", "%_%", "^_", "*", "[a-z]", ".*",
    "{{ 7 * 7 }}", "{{ env_var('home') }}", "{% raw %}", "{% endraw %}", "{#", "%(name)s", "%s", "{0}", ";", "--",
    "/*", "*/", "'; drop table product.funnel_entries; --", '"; drop schema product cascade; --', "' or '1' = '1",
    "a,b", "a|b", "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<!--", "-->", "]]>", "&lt;b&gt;", "&amp;", "<b>bold</b>", "**bold**", "[link](javascript:alert(1))", "| cell |",
    "[red]red[/red]", "[/]", ":smile:", "🦆", "👩‍👩‍👧", "e\u0301", "é", "\u202eelif", "\u2066\u200b\ufeff",
    "\u2028\u2029", "שלב", "中文", "ﬁ", "\u0300", "all", "a/b", "../..", "http://a/b?c#d", "none", "X", "x",
)  # fmt: skip
"""Each breaks what takes it for something else than a text; some differ in case, blanks or composition only."""
NAMES = (
    "", "=1+1", "'; drop table product.funnel_entries; --", "\u202eelif", "back\\", "[red]red[/red]", ":smile:",
    "\x1b[2J\x1b]0;owned\x07", "| cell |\n# head", "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
)  # fmt: skip
"""Those of clients, the last ones of the largest, which terminal and report show."""
LONG = "<b>w</b> & so" + " on" * 333_333  # a million characters
QUERY = "?next=/chat/&x=<script>'\"\\%_{{ 1 }};--#?/next-steps"
HOST = "https://us'er:p\"w\\%{{ 1 }}\n<b>é"
# What steers a terminal, or reorders and hides what it shows.
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
ROBOT = re.compile(r"bot[/;)]|spider|crawl|slurp|headless|phantomjs|bingpreview|facebookexternalhit|pingdom", re.I)

# What kind of text a column of a source or of an answer holds; one kind is replaced alike wherever it stands.
EVENT_TEXTS = {
    "event_id": "event",
    "user_id": "member",
    "domain_userid": "device",
    "domain_sessionid": "session",
    "page_urlhost": "host",
    "refr_urlhost": "host",
    "geo_country": "country",
    "useragent": "agent",
}
CONTEXT_TEXTS = {(WEB_PAGE, "id"): "page view", (USER, "user_id"): "member"}
MEMBER_TEXTS = {"user_id": "member", "client_id": "client", "country": "country"}
CLIENT_TEXTS = {
    "id": "client",
    "name": "client name",
    "client_size": "size",
    "client_industry": "industry",
    "verification_type": "method",
}
ANSWER_TEXTS = {
    "member_id": "member",
    "client_id": "client",
    "client_name": "client name",
    "geo_country": "country",
    "member_country": "country",
    "client_size": "size",
    "client_industry": "industry",
    "eligibility_verification_method": "method",
    "referrer_host": "host",
    "domain_userid": "device",
    "domain_sessionid": "session",
    "event_id": "event",
    "page_urlpath": "path",
    "destination": "path",
}
SEGMENT_TEXTS = {
    "country": "country",
    "client": "client name",
    "client_industry": "industry",
    "client_size": "size",
    "eligibility_method": "method",
    "referrer": "host",
}


# --- Replacing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A source's rows, and the types to write them in."""

    rows: list[Row]
    schema: pa.Schema


def read_sources(data_dir: Path) -> dict[str, Source]:
    tables = {file: pq.read_table(data_dir / file) for file in (MEMBERS, CLIENTS)}
    tables[EVENTS] = pq.read_table(data_dir / "snowplow" / "events")
    return {file: Source(table.to_pylist(), table.schema) for file, table in tables.items()}


def write_sources(sources: dict[str, Source], data_dir: Path) -> None:
    for file, source in sources.items():
        (data_dir / file).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(source.rows, schema=source.schema), data_dir / file)


def seed_column(seed: str, place: int) -> set[str]:
    lines = (PROJECT_DIR / "seeds" / f"{seed}.csv").read_text(encoding="utf-8").splitlines()
    return {line.split(",")[place] for line in lines[1:]}


# An empty key is a missing one.
KEYS = ("event", "member", "device", "session", "page view")
CALLS_TO_ACTION = seed_column("calls_to_action", 1)
STEP_PAGES = {value.rstrip("/") for value in seed_column("funnel_definitions", 4) if value.startswith("/")}


def normalised(path: str) -> str:
    """Return a page's path as the rules have it (X8)."""
    path = path.split("?")[0].split("#")[0].lower()
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def hostile_texts(texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts and then, without end, numbered ones."""
    texts = list(texts)
    yield from texts
    for number in itertools.count(1):
        yield from (f"{text}№{number}" for text in texts)


class Replacements:
    """A hostile text in place of every text of each kind."""

    def __init__(self, sources: dict[str, Source], is_fit: Callable[[str], bool] = lambda text: True) -> None:
        self.texts: dict[str, dict[str, str]] = {}
        for kind, originals in _texts_by_kind(sources).items():
            self.texts[kind] = self._of_kind(kind, Counter(each for each in originals if each is not None), is_fit)

    def _of_kind(self, kind: str, counts: Counter[str], is_fit: Callable[[str], bool]) -> dict[str, str]:
        """The rarest agent, path and client name becomes a long one."""
        names = sorted(counts, key=lambda name: (counts[name], name))
        fit = [text for text in (NAMES if kind == "client name" else TEXTS) if is_fit(text)]
        if kind in KEYS:
            fit = [text for text in fit if text]
        if kind == "path":
            fit = [text for text in fit if normalised(f"/{text}") == f"/{text}" and text]
        longest = [LONG] if kind in ("agent", "path", "client name") else []
        found = list(itertools.islice(hostile_texts(fit), len(names) - len(longest)))
        if kind == "event":  # of two events at one instant the smaller id is the first
            names, found = sorted(names), sorted(found)
        elif kind != "client name":  # nothing else depends on which text is the smaller
            random.Random(kind).shuffle(found)
        found = [*longest, *found]
        return dict(zip(names, (f"/{text}" if kind == "path" else text for text in found), strict=True))

    def of(self, kind: str, text: str | None) -> str | None:
        """The text in place of another; what is in no source, such as `unknown`, stays."""
        return None if text is None else self.texts[kind].get(text, text)

    def path(self, path: str | None) -> str | None:
        """The path in place of one as the browser sent it: in capitals, with a slash or a query where that has them."""
        if path is None:
            return None
        bare, has_query, _ = path.partition("?")
        if normalised(path) not in STEP_PAGES:
            capitals = bare != bare.lower()
            has_slash = bare.endswith("/") and bare != "/"
            bare = self.texts["path"][normalised(path)]
            bare = re.sub("[a-z]", lambda letter: letter[0].upper(), bare) if capitals else bare
            bare += "/" if has_slash else ""
        return bare + (QUERY if has_query else "")


def _texts_by_kind(sources: dict[str, Source]) -> dict[str, list[str | None]]:
    events, members, clients = (sources[file].rows for file in (EVENTS, MEMBERS, CLIENTS))
    name_of = {client["id"]: client["name"] for client in clients}
    columns = [(events, EVENT_TEXTS), (members, MEMBER_TEXTS), (clients, CLIENT_TEXTS)]
    texts: dict[str, list[str | None]] = {}
    for rows, kinds in columns:
        for column, kind in kinds.items():
            texts.setdefault(kind, []).extend(row[column] for row in rows)
    for (column, field), kind in CONTEXT_TEXTS.items():
        texts.setdefault(kind, []).extend(entry[field] for row in events for entry in row[column] or [] if entry)
    texts["client name"] += [name_of.get(member["client_id"]) for member in members]
    texts["agent"] = [agent for agent in texts["agent"] if agent and not ROBOT.search(agent)]
    paths = [normalised(event["page_urlpath"]) for event in events if event["page_urlpath"]]
    paths += [normalised(landing_path(client)) for client in clients if client["client_landing_page_url"]]
    texts["path"] = [path for path in paths if path not in STEP_PAGES]
    return texts


def landing_path(client: Row) -> str:
    return re.sub("^[a-z]+://[^/]*", "", client["client_landing_page_url"])


def replaced_event(event: Row, new: Replacements) -> Row:
    changed: Row = {column: new.of(kind, event[column]) for column, kind in EVENT_TEXTS.items()}
    changed["page_urlpath"] = new.path(event["page_urlpath"])
    for (column, field), kind in CONTEXT_TEXTS.items():
        entries = event[column]
        changed[column] = entries and [entry and {**entry, field: new.of(kind, entry[field])} for entry in entries]
    click = event[LINK_CLICK]
    if click and click["element_id"] not in CALLS_TO_ACTION:  # an event that no model knows, on something unknown
        changed |= {"event_name": changed["event_id"], LINK_CLICK: {**click, "element_id": changed["event_id"]}}
    return event | changed


def replaced_member(member: Row, new: Replacements) -> Row:
    secrets = {"user_name": "<script>secret</script>", "email": "'; drop table secret; --"}
    return member | {column: new.of(kind, member[column]) for column, kind in MEMBER_TEXTS.items()} | secrets


def replaced_client(client: Row, new: Replacements) -> Row:
    url = client["client_landing_page_url"] and f"{HOST}{new.path(landing_path(client))}"
    changed: Row = {column: new.of(kind, client[column]) for column, kind in CLIENT_TEXTS.items()}
    return client | changed | {"client_landing_page_url": url}


def replaced_sources(sources: dict[str, Source], new: Replacements) -> dict[str, Source]:
    replace = {EVENTS: replaced_event, MEMBERS: replaced_member, CLIENTS: replaced_client}
    return {
        file: Source([replace[file](row, new) for row in source.rows], source.schema)
        for file, source in sources.items()
    }


def replaced_answer(row: Row, new: Replacements, entry_ids: dict[str, str]) -> Row:
    changed: Row = {column: new.of(kind, row[column]) for column, kind in ANSWER_TEXTS.items() if column in row}
    if "person_id" in row:
        person = row["person_id"]
        is_anonymous = person.startswith("anon:")
        changed["person_id"] = f"anon:{new.of('device', person[5:])}" if is_anonymous else new.of("member", person)
    if "page_view_id" in row:  # a view without one goes by its event
        text = row["page_view_id"]
        changed["page_view_id"] = new.of("page view" if text in new.texts["page view"] else "event", text)
    if row.get("segment_name") in SEGMENT_TEXTS:
        changed["segment_value"] = new.of(SEGMENT_TEXTS[row["segment_name"]], row["segment_value"])
    if "funnel_entry_id" in row:
        changed["funnel_entry_id"] = entry_ids[row["funnel_entry_id"]]
    return row | changed


# --- The two worlds ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hostile:
    """The two worlds, and what was replaced by what."""

    base: World
    world: World
    new: Replacements
    printed: str


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a small world as it is, its models built; that its tests pass is told elsewhere."""
    folder = tmp_path_factory.mktemp("base")
    arguments = ["--people", "200", "--months", "3", "--seed", "4", "--no-truth", "--out", str(folder / "data")]
    subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, check=True)
    return build_tables(folder / "data", folder / "warehouse")


@pytest.fixture(scope="module")
def hostile(base: World, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    """Return the same world with hostile texts, as `make build` makes it."""
    folder = tmp_path_factory.mktemp("hostile")
    sources = read_sources(base.data_dir)
    new = Replacements(sources)
    write_sources(replaced_sources(sources, new), folder / "data")
    outcome = run_build(folder / "data", folder / "warehouse")
    assert outcome.returncode == 0, outcome.stderr[:2000]
    return Hostile(base, World(folder / "data", folder / "warehouse"), new, outcome.stdout)


def answers(world: World) -> dict[str, list[Row]]:
    """Return every prod table, and the page views of all pages, without the keys that are hashes of keys."""
    names = [row["table_name"] for row in world.query("SELECT table_name FROM duckdb_tables()")]
    tables = {name: world.query(f"SELECT * FROM product.{name}") for name in names}
    tables["page_views"] = world.query("SELECT * FROM intermediate.page_views", "prep")
    for row in tables["funnel_entry_steps"]:
        del row["funnel_entry_step_id"]
    return tables


def told_apart(table: list[Row]) -> list[str]:
    """Return the columns whose values must be the same to the last digit: all but floats, sums in any order."""
    return [name for name in table[0] if not any(isinstance(row[name], float) for row in table)] if table else []


# --- What is asked -----------------------------------------------------------------------------------------------


def test_hostile_texts_change_nothing_but_themselves(hostile: Hostile) -> None:
    expected, actual = answers(hostile.base), answers(hostile.world)
    new_ids = {(row["funnel_name"], row["person_id"]): row["funnel_entry_id"] for row in actual["funnel_entries"]}
    assert len(set(new_ids.values())) == len(new_ids) == len(actual["funnel_entries"])
    entry_ids: dict[str, str] = {}
    for row in expected["funnel_entries"]:
        row_id, entry_ids[row_id] = row["funnel_entry_id"], ""
        person = replaced_answer(row, hostile.new, entry_ids)["person_id"]
        entry_ids[row_id] = new_ids.get((row["funnel_name"], person), f"none of {person}")
    found: dict[str, list[int | str]] = {}
    for name in expected:
        rows = [replaced_answer(row, hostile.new, entry_ids) for row in expected[name]]
        lines = differences(rows, actual[name], told_apart(rows))
        found |= {name: [len(lines), *(line[:300] for line in lines[:3])]} if lines else {}
    assert found == {}
    assert len(expected) >= 11


def test_every_hostile_text_was_there(hostile: Hostile) -> None:
    for kind in ("member", "device", "session", "page view"):
        assert set(TEXTS[1:]) <= set(hostile.new.texts[kind].values())
    viewed = hostile.world.query("SELECT page_urlpath FROM intermediate.page_views", "prep")
    assert {f"/{LONG}", *hostile.new.texts["path"].values()} <= {row["page_urlpath"] for row in viewed}
    names = hostile.world.query("SELECT client_name FROM product.funnel_client_comparison")
    assert {*NAMES, LONG} <= {row["client_name"] for row in names}
    agents = pq.read_table(hostile.world.data_dir / EVENTS, columns=["useragent"])["useragent"].to_pylist()
    assert LONG in agents


def test_the_terminal_shows_hostile_names_and_obeys_none(hostile: Hostile) -> None:
    environment = {**os.environ, "WAREHOUSE_DIR": str(hostile.world.warehouse_dir)}
    command = [sys.executable, "-m", "scripts.answers"]
    outcome = subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout in hostile.printed
    assert STEERING.findall(outcome.stdout) == []
    assert len(outcome.stdout) < 20_000
    for name in (
        "[red]red[/red]",
        ":smile:",
        "back\\ ",
        "\\x1b[2J",
        "\\u202eelif",
        "=1+1",
        "<script>alert(1)</script>",
    ):
        assert name in outcome.stdout


def test_exported_files_hold_hostile_texts_as_they_are(hostile: Hostile, tmp_path: Path) -> None:
    counts = export(hostile.world.warehouse_dir, tmp_path)
    with duckdb.connect(str(hostile.world.warehouse_dir / "prod.duckdb"), read_only=True) as connection:
        for name in counts:
            columns = {row[0]: row[1] for row in connection.execute(f"DESCRIBE product.{name}").fetchall()}
            options = "header = true, auto_detect = false, allow_quoted_nulls = false, max_line_size = 20000000"
            quotes = "quote = '\"', escape = '\"'"
            csv = f"read_csv('{tmp_path}/csv/{name}.csv', columns = {columns}, {options}, {quotes})"
            for written in (csv, f"read_parquet('{tmp_path}/parquet/{name}.parquet')"):
                for one, other in ((f"product.{name}", written), (written, f"product.{name}")):
                    assert connection.execute(f"FROM {one} EXCEPT ALL FROM {other}").fetchall() == []


def test_hostile_texts_are_nothing_but_text_in_the_report(hostile: Hostile) -> None:
    page = page_of(hostile.world.warehouse_dir)
    source = page.read_text(encoding="utf-8").lower()
    assert (
        source.count("<script") == source.count("</script") == sum(tag == "script" for tag, _ in Reader(page).elements)
    )
    assert not re.search("<script>alert|<img src=x|</td></table>|<b>w</b>", source)
    markdown = page_of(hostile.world.warehouse_dir, "md").read_text(encoding="utf-8")
    rendered = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown)
    assert not re.findall(r"<(?!/?(?:h[1-3]|p|ul|li|table|thead|tbody|tr|th|td|strong|a|img)\b)[^>]*>", rendered)
    assert not re.findall(r"<img(?! src=\"report-)|href=\"javascript", rendered)


def test_enriched_tsv_brings_the_hostile_texts_that_it_can_carry(base: World, tmp_path: Path) -> None:
    def can_carry(text: str) -> bool:  # tabs and newlines end a field, and an empty field is NULL
        return text != "" and not {"\t", "\n"} & set(text)

    sources = read_sources(base.data_dir)
    write_sources(replaced_sources(sources, Replacements(sources, can_carry)), tmp_path / "data")
    write_enriched(tmp_path / "data" / "snowplow" / "events", tmp_path / "tsv")
    command = [sys.executable, "-m", "scripts.import_tsv", str(tmp_path / "tsv"), "--out", str(tmp_path / "imported")]
    outcome = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    texts = [
        *EVENT_TEXTS,
        "page_urlpath",
        "event_name",
        f"{WEB_PAGE}[1].id",
        f"{USER}[1].user_id",
        f"{LINK_CLICK}.element_id",
    ]
    before, after = (
        f"SELECT {', '.join(texts)} FROM read_parquet('{tmp_path}/{name}/snowplow/events/*.parquet')"
        for name in ("data", "imported")
    )
    with duckdb.connect() as connection:
        for one, other in ((before, after), (after, before)):
            assert connection.execute(f"{one} EXCEPT ALL {other}").fetchall() == []
