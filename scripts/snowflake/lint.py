"""Find in a compiled SELECT what Snowflake refuses or reads differently: fakesnow, which runs our models, takes it all.

Three layers: sqlfluff's grammar of Snowflake reads the statement; functions, types and operators must be among those
that mean the same on both engines; rules know the rest, those on words here and those on the tree in tree_rules.py.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from textwrap import shorten

from sqlfluff.core import FluffConfig
from sqlfluff.core.parser import BaseSegment, Lexer, Parser

from scripts.snowflake.tree_rules import Finding, finding, tree_findings

_OPAQUE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)
# An opening bracket counts as one, a colon inside of brackets does not.
_OPERATOR = re.compile(
    r"->>|->|=>|==|//|\*\*|::|:=|\|\||<>|!=|<=|>=|<@|@>|&&|<<|>>|!?~~?\*?|\^@"
    r"|(?<!\])\[|(?<!')(?<!\[\d):|[^\w\s'\"().,;:\[\]}]"
)
# What a finding shows of the text before and after an operator.
_AROUND = r"[\w.]*\s?\Z", r"\s?[\w.']*"
_AROUND_BRACKET = r"[\w.]*\Z", r"[^\]}]{0,40}[\]}][\w.]*|"
OPERATORS = {"+", "-", "*", "/", "%", "=", "<>", "!=", "<", ">", "<=", ">=", "||", "::"}
_FIELD = "write the macro context_field or event_field"
_ROWS = "a table with a row per value"
INSTEAD_OF_OPERATOR = {
    "[": f"a list, or its elements, which Snowflake counts from 0: {_FIELD}, or {_ROWS}",
    "{": "a struct on DuckDB, an OBJECT on Snowflake: write columns",
    ":": f"a path into a VARIANT on Snowflake, an alias or a lambda on DuckDB: {_FIELD}",
    "->": f"Snowflake has neither DuckDB's JSON nor its list functions: {_FIELD}, or {_ROWS}",
    "->>": f"Snowflake has no DuckDB JSON: {_FIELD}",
    "=>": f"named arguments are Snowflake's alone, FLATTEN's outer => TRUE goes wrong unseen: {_FIELD}",
    "//": "begins a comment on Snowflake: write FLOOR(a / b)",
    "**": "Snowflake has none: write POWER(a, b)",
    "^": "Snowflake has none: write POWER(a, b)",
    "==": "Snowflake has none: write =",
    "~": "Snowflake has none: write LIKE",
    "!~": "Snowflake has none: write NOT LIKE",
    "~~": "Snowflake has none: write LIKE",
    "^@": "Snowflake has none: write LIKE 'x%'",
    "@>": f"Snowflake has none for lists: join {_ROWS}",
    "<@": f"Snowflake has none for lists: join {_ROWS}",
    "&&": f"Snowflake has none: write AND, or join {_ROWS}",
    "$": "no parameter and no $$ in a model: write the value, a text in '…'",
}
_UNIT = r"(?:YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND|MILLISECOND|MICROSECOND)S?\b"
INSTEAD_OF_WORDS = {
    re.compile(pattern, re.IGNORECASE): advice
    for pattern, advice in {
        r"\bFILTER\s*\(\s*WHERE\b[^()]*\)?": "Snowflake has none, write COUNT(CASE WHEN … END)",
        r"\bDISTINCT\s+ON\s*\([^()]*\)?": "Snowflake has none, write QUALIFY ROW_NUMBER() OVER (…) = 1",
        r"(?:\A|\()\s*FROM\s+\S+|\bFROM\s+[\w.]+(?:\s+AS\s+\w+)?\s+SELECT\b": "Snowflake has SELECT first, then FROM",
        r"\b(?:SEMI|ANTI)\s+JOIN\s+\S+": "Snowflake has none, write WHERE EXISTS (…) or WHERE NOT EXISTS (…)",
        r"\b(?:ASOF|POSITIONAL)\s+JOIN\s+\S+": "not as on Snowflake, write QUALIFY ROW_NUMBER() OVER (…) = 1",
        r"\b(?:GLOB|SIMILAR\s+TO)\s+\S+": "Snowflake has none, write LIKE",
        rf"\bINTERVAL\s+[\d(]\S*(?:\s+{_UNIT})?|\bINTERVAL\s*'x*'\s*{_UNIT}": "not as on Snowflake: write dbt.dateadd",
        r"\*\s*INTERVAL\s*'x*'|\bINTERVAL\s*'x*'\s*\*": "Snowflake multiplies no interval: write dbt.dateadd",
        r"[\w.]*_at\s*-\s*[\w.]*_at\b": "Snowflake subtracts no timestamps: write the macro seconds_between",
        r"[\w.]*\s+(?:IGNORE|RESPECT)\s+NULLS\s*\)": "write the macro first_known or last_known: after the brackets",
        r"\S+\s+AT\s+TIME\s+ZONE\s+\S+": "Snowflake has none: write the macro reporting_date or utc_timestamp",
        r"\b(?:USING\s+SAMPLE|TABLESAMPLE)\s+\S+": "not as on Snowflake, nor the same rows twice: choose them in WHERE",
        r"\b(?:UN)?PIVOT\b\s*\S+": "not as on Snowflake: write CASE for each column",
        r"\bLIMIT\s+[\d.]+\s*(?:%|PERCENT\b)": "Snowflake knows no percent here: write a number of rows",
        r"\S*\s*,\s*(?:(?:FROM|WHERE|GROUP|ORDER|HAVING|QUALIFY|LIMIT|UNION)\b|\)|\Z)": "no comma after the last",
        r"\bWINDOW\s+\w+\s+AS\s*\(|\bOVER\s+\w+": "Snowflake names no windows: write them out in OVER (…)",
        r"\b(?:EXCEPT|INTERSECT)\s+ALL\b": "Snowflake has none: write a join, or NOT EXISTS",
        r"\bAS\s+(?:NOT\s+)?MATERIALIZED\b": "Snowflake has none: write AS (…)",
        r"\bCOLLATE\s+\w+": "not as on Snowflake: compare LOWER(…)",
        r"\b\d+_[\d_]+": "Snowflake has no such numbers: write plain digits",
        r"'x*'\s+'x*'": "Snowflake joins no neighbouring strings: write one, or ||",
        r"\b[a-z]'x*'": "Snowflake has no such strings: write '…' with the characters themselves",
    }.items()
}


def findings(sql: str) -> list[str]:
    """One line per construct in a compiled statement that Snowflake would refuse or read differently."""
    operators = list(_operator_findings(sql))
    found = [*_word_findings(sql), *operators, *_quote_findings(sql)]
    readable = sql
    for odd in operators:  # which shall not hide what comes after them: // begins a comment
        if (width := odd.end - odd.start) > 1:
            readable = f"{readable[: odd.start]}{'||':{width}}{readable[odd.end :]}"
    try:
        tree = _parsed(readable)
        found += [odd._replace(text=sql[odd.start : odd.end]) for odd in tree_findings(tree)]
        # A rule says better than the grammar what is wrong.
        found += [odd for odd in _grammar_findings(sql, tree) if not any(_touch(odd, other) for other in found)]
    except Exception as error:  # whatever was stumbled over, nobody has vouched for the statement
        found.append(Finding(0, len(sql), sql, f"no grammar reads this: {error}"))
    lines = (f"{shorten(written.text, 90, placeholder=' …')}: {written.advice}" for written in sorted(found))
    return list(dict.fromkeys(lines))


def lint_all(statements: dict[str, str], processes: int | None = None) -> dict[str, list[str]]:
    """Return the findings of each statement, by name, where there are any; by default on all cores."""
    longest_first = sorted(statements, key=lambda name: -len(statements[name]))
    # Spawned, not forked: the caller may have threads and an open database.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context) as executor:
        lines = executor.map(findings, [statements[name] for name in longest_first], chunksize=4)
        found = dict(zip(longest_first, lines, strict=True))
    return {name: found[name] for name in statements if found[name]}


def _word_findings(sql: str) -> Iterator[Finding]:
    bare = _bare(sql)
    for pattern, advice in INSTEAD_OF_WORDS.items():
        for match in pattern.finditer(bare):
            yield Finding(match.start(), match.end(), sql[slice(*match.span())], advice)


def _operator_findings(sql: str) -> Iterator[Finding]:
    bare = _bare(sql)
    for match in _OPERATOR.finditer(bare):
        if match[0] not in OPERATORS:
            advice = INSTEAD_OF_OPERATOR.get(match[0], "no operator that means the same on Snowflake")
            before, after = _AROUND_BRACKET if match[0] in {"[", "{"} else _AROUND
            start = _found(re.search(before, bare[: match.start()])).start()
            end = match.end() + _found(re.match(after, bare[match.end() :])).end()
            yield Finding(*match.span(), sql[start:end], advice)


def _found(match: re.Match[str] | None) -> re.Match[str]:
    assert match, "a pattern that fits nothing too fits everywhere"
    return match


def _quote_findings(sql: str) -> Iterator[Finding]:
    for match in _OPAQUE.finditer(sql):
        if match[0].startswith("'") and "\\" in match[0]:
            yield Finding(*match.span(), match[0], "\\ is an escape on Snowflake: write [.], or ESCAPE '^'")
        if match[0].startswith('"') and not re.fullmatch(r'"[A-Z_][A-Z0-9_]*"', match[0]):
            yield Finding(*match.span(), match[0], "names in quotes keep their case on Snowflake: write none")


def _bare(sql: str) -> str:
    """Return the statement without comments and with x for what is in quotes, every character in its place."""

    def blank(match: re.Match[str]) -> str:
        quote = match[0][0]
        return quote + "x" * (len(match[0]) - 2) + quote if quote in "'\"" else " " * len(match[0])

    return _OPAQUE.sub(blank, sql)


def _grammar_findings(sql: str, tree: BaseSegment) -> Iterator[Finding]:
    for segment in tree.recursive_crawl("unparsable"):
        odd = finding(segment, "Snowflake's grammar cannot read what is between » and «; a reserved word for a name?")
        before = _found(re.search(r"(?:\S+\s+){0,3}\S*\Z", sql[: odd.start]))[0]
        yield odd._replace(text=f"{before}»{shorten(odd.text, 60, placeholder=' …')}«")
    selects = "select_statement", "set_expression", "with_compound_statement", "bracketed", "unparsable"
    statements = tree.get_children("statement", "unparsable")
    if len(statements) != 1 or not (statements[0].is_type("unparsable") or statements[0].get_child(*selects)):
        yield Finding(0, len(sql), sql, "a model is one SELECT")


def _touch(one: Finding, other: Finding) -> bool:
    return one.start <= other.end + 2 and other.start <= one.end + 2


@cache
def _config() -> FluffConfig:
    return FluffConfig.from_kwargs(dialect="snowflake")


def _parsed(sql: str) -> BaseSegment:
    tokens, _ = Lexer(config=_config()).lex(sql)  # what it cannot read becomes part of an unparsable section
    tree = Parser(config=_config()).parse(tokens)
    if tree is None:
        raise ValueError("it is empty")
    return tree
