"""Hold the documents against what there is: make targets and variables, prod tables, programs, options, files, links.

Whatever a document names must exist, and every make target, make variable, prod table and option must be named. When
the columns of prod change, the changelog must be written on: it records their fingerprint.
What is wrong is said one line each: file, what, remedy. Exit codes: 0 all true, 1 not.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scripts import PROJECT_DIR
from scripts.arguments import Parser

FIRST_READ = ("README.md", "CONTRIBUTING.md")
"""Where people look for a make target; the second may be missing."""
_CHANGELOG = "CHANGELOG.md"
_FOLDERS = ("docs", "data")  # of more documents
_MAKE = re.compile(r"\bmake((?: +[A-Z_]+=\S+)*) +([a-z][a-z-]*)((?: +[A-Z_]+=[^\s`]*)*)")
_TARGET = re.compile(r"^([a-z][a-z-]*):.* ## ", re.MULTILINE)
_SETTABLE = re.compile(r"^([A-Z_]+) \?=", re.MULTILINE)
_READ = re.compile(r"""(?:environ\.get\(|environ\[|env_var\()["']([A-Z_]+)["']""")
_IN_PROFILE = re.compile(r"'([A-Z_]+)'")
_SET = re.compile(r"\b([A-Z][A-Z_]+)=")
_PROGRAM = re.compile(r"-m (scripts(?:\.\w+)+)([^\n|>&]*)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
_PATH = re.compile(r"(?:\.github|data|docs|macros|models|packages|scripts|seeds|tests)/[\w./*-]+")
_TABLE = re.compile(r"\bproduct\.(\w+)")


@dataclass(frozen=True)
class Document:
    """What a Markdown file says in code, and where it leads."""

    path: str
    blocks: tuple[tuple[str, str], ...]
    """(Language, text) of each code block."""
    codes: tuple[tuple[int, str], ...]
    """(Line, text) of each code span and each line of a code block."""
    links: tuple[tuple[int, str], ...]
    """(Line, target) of each link and image."""
    anchors: frozenset[str]
    """What a link's fragment may name: the headings, as GitHub writes them."""
    tables: tuple[tuple[str, ...], ...]
    """The first cells of each table's rows, its header first, without backticks."""

    def mentions(self, pattern: str) -> bool:
        """Say whether the pattern matches inside any code."""
        return any(re.search(pattern, text) for _, text in self.codes)


class Project:
    """What there is to be named; read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def documents(self) -> list[Document]:
        """README.md, CONTRIBUTING.md and CHANGELOG.md if they are there, and the Markdown below docs/ and data/."""
        paths = [self.folder / name for name in (*FIRST_READ, _CHANGELOG)]
        paths += [path for name in _FOLDERS for path in sorted((self.folder / name).rglob("*.md"))]
        return [read_document(self.folder, path) for path in paths if path.is_file()]

    @cached_property
    def makefile(self) -> str:
        """The Makefile's text."""
        return (self.folder / "Makefile").read_text(encoding="utf-8")

    @cached_property
    def targets(self) -> list[str]:
        """The targets that `make help` lists."""
        return _TARGET.findall(self.makefile)

    @cached_property
    def variables(self) -> list[str]:
        """What may be set when make is called, and has a default."""
        return _SETTABLE.findall(self.makefile)

    @cached_property
    def environment(self) -> set[str]:
        """Every variable that the Makefile, a program, a test or the profile reads."""
        found = {*self.variables, *re.findall(r"\$\(([A-Z_]+)\)", self.makefile)}
        for pattern in ("scripts/**/*.py", "tests/**/*.py", "macros/*.sql"):
            for path in self.folder.glob(pattern):
                found.update(_READ.findall(path.read_text(encoding="utf-8")))
        return found.union(_IN_PROFILE.findall((self.folder / "profiles.yml").read_text(encoding="utf-8")))

    @cached_property
    def options(self) -> dict[str, set[str]]:
        """Each program's options, by the name that follows `python -m`."""
        found: dict[str, set[str]] = {}
        for path in sorted((self.folder / "scripts").rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "__main__" not in (path.stem, *re.findall(r'__name__ == "(__main__)"', text)):
                continue
            parts = path.relative_to(self.folder).with_suffix("").parts
            found[".".join(parts[:-1] if path.stem == "__main__" else parts)] = {
                str(argument.value)
                for call in ast.walk(ast.parse(text))
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument"
                for argument in call.args
                if isinstance(argument, ast.Constant) and str(argument.value).startswith("--")
            }
        return found

    @cached_property
    def prod_tables(self) -> list[str]:
        """The tables that people read."""
        return sorted(path.stem for path in (self.folder / "models" / "prod").glob("*.sql"))

    @cached_property
    def prod_columns(self) -> str:
        """A fingerprint of the columns that people read: table, name and type of each."""
        columns = [
            f"{model['name']}.{column['name']} {column['data_type']}"
            for path in sorted((self.folder / "models" / "prod").glob("*.yml"))
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
            for column in model["columns"]
        ]
        return hashlib.sha256("\n".join(sorted(columns)).encode()).hexdigest()[:12]


def read_document(folder: Path, path: Path) -> Document:
    """Return what the Markdown file says."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
    blocks: list[tuple[str, str]] = []
    codes: list[tuple[int, str]] = []
    links: list[tuple[int, str]] = []
    anchors: set[str] = set()
    tables: list[list[str]] = []
    for at, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else 0
        if token.type in ("fence", "code_block"):
            blocks.append((token.info, token.content))
            first = line + (token.type == "fence")
            codes += [(first + number, text) for number, text in enumerate(token.content.splitlines())]
        elif token.type == "table_open":
            tables.append([])
        elif token.type == "inline":
            if tokens[at - 1].type == "heading_open":
                anchors.add(_anchor(token))
            if tokens[at - 2].type == "tr_open":
                tables[-1].append(token.content.strip("`"))
            for child in token.children or []:
                if child.type == "code_inline":
                    codes.append((line, child.content))
                elif child.type in ("link_open", "image"):
                    links.append((line, str(child.attrs.get("href") or child.attrs.get("src"))))
    name = path.relative_to(folder).as_posix()
    return Document(name, tuple(blocks), tuple(codes), tuple(links), frozenset(anchors), tuple(map(tuple, tables)))


def _anchor(heading: Token) -> str:
    text = "".join(child.content for child in heading.children or [] if child.type in ("text", "code_inline"))
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def problems(folder: Path) -> list[str]:
    """Return one line for everything that a document names and is not there, and that is there and not named."""
    project = Project(folder)
    found = [*_false_make(project), *_false_programs(project), *_false_files(project), *_false_tables(project)]
    return [*dict.fromkeys(found), *_unnamed(project), *_untold_columns(project)]


def _false_make(project: Project) -> Iterator[str]:
    for document in project.documents:
        for line, text in document.codes:
            where = f"{document.path}:{line}"
            for _, target, _ in _MAKE.findall(text):
                if target not in project.targets:
                    yield f"{where}: `make {target}`: the Makefile has no such target: name another, or add it"
            for name in _SET.findall(text):
                if name not in project.environment:
                    yield f"{where}: {name}=: nothing reads this variable: name another, or leave it out"


def _false_programs(project: Project) -> Iterator[str]:
    every_option = set().union(*project.options.values())
    for document in project.documents:
        for line, text in document.codes:
            where = f"{document.path}:{line}"
            for module, arguments in _PROGRAM.findall(text):
                if module not in project.options:
                    yield f"{where}: `python -m {module}`: there is no such program: name another"
                    continue
                for option in _OPTION.findall(arguments):
                    if option not in project.options[module]:
                        yield f"{where}: {option}: {module} has no such option: `python -m {module} --help` lists them"
            if re.fullmatch(_OPTION.pattern, text) and text not in every_option:
                yield f"{where}: {text}: no program has such an option: name another, or leave it out"


def _false_files(project: Project) -> Iterator[str]:
    anchors = {document.path: document.anchors for document in project.documents}
    for document in project.documents:
        for line, text in document.codes:
            if _PATH.fullmatch(text) and not any(project.folder.glob(text.rstrip("/"))):
                yield f"{document.path}:{line}: `{text}`: there is no such file: name another"
        for line, target in document.links:
            path, _, fragment = unquote(target).partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            leads_to = (project.folder / document.path).parent / path if path else project.folder / document.path
            if not leads_to.exists():
                yield f"{document.path}:{line}: {target}: the link leads nowhere: name a file that is there"
            elif fragment:
                known: Set[str] = anchors.get(
                    leads_to.resolve().relative_to(project.folder.resolve()).as_posix(), set()
                )
                if fragment not in known:
                    yield f"{document.path}:{line}: {target}: there is no such heading: name one that is there"


def _false_tables(project: Project) -> Iterator[str]:
    for document in project.documents:
        for line, text in document.codes:
            for name in _TABLE.findall(text):
                if name not in project.prod_tables:
                    yield f"{document.path}:{line}: product.{name}: there is no such prod table: name another"
    for document in project.documents:
        for name in (name for table in document.tables if table[0] == "prod.product." for name in table[1:]):
            if name not in project.prod_tables:
                wrong = f"`{name}` stands among the tables to read and is none of models/prod"
                yield f"{document.path}: {wrong}: name another"


def _unnamed(project: Project) -> Iterator[str]:
    first_read = [document for document in project.documents if document.path in FIRST_READ]
    for target in project.targets:
        if not any(document.mentions(rf"\bmake( [A-Z_]+=\S+)* {target}(?![\w-])") for document in first_read):
            yield f"README.md: `make {target}` is not mentioned: add what it is for, there or in CONTRIBUTING.md"
    for name in project.variables:
        if not any(document.mentions(rf"\b{name}\b") for document in first_read):
            yield f"README.md: make's variable {name} is not mentioned: add what it is for, there or in CONTRIBUTING.md"
    told = {name for document in project.documents[:1] for table in document.tables for name in table}
    for name in project.prod_tables:
        if name not in told:
            yield f"README.md: `{name}` is not among the tables to read: add a row for it"
    for module, options in project.options.items():
        for option in sorted(options):
            as_variable = option[2:].replace("-", "_").upper()
            is_set_by_make = option in _OPTION.findall(project.makefile) or as_variable in project.variables
            is_named = any(document.mentions(rf"{option}(?![\w-])") for document in project.documents)
            if not is_set_by_make and not is_named:
                yield f"README.md: {option} of {module} is in no document: add what it is for, or remove the option"


def _untold_columns(project: Project) -> Iterator[str]:
    changelog = project.folder / _CHANGELOG
    record = f"<!-- columns of prod: {project.prod_columns} -->"
    if not (changelog.is_file() and record in changelog.read_text(encoding="utf-8")):
        yield f"{_CHANGELOG}: the columns of prod have changed: tell readers under Unreleased, and put `{record}` there"


def main() -> None:
    """Print what is not true; exit with 1 when anything is not."""
    Parser(prog="python -m scripts.documents", description=__doc__.splitlines()[0]).parse_args()
    found = problems(PROJECT_DIR)
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
