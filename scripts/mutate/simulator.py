"""Faults in the simulator's code: an operator, a constant or a condition changed; its own tests must notice."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts import PROJECT_DIR
from scripts.mutate.outcome import Outcome
from scripts.mutate.pytest_run import run_pytest

_FOLDER = Path("scripts") / "simulate"
_OTHERS: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_TESTS = ("tests/test_simulate.py", "tests/test_dirt.py", "tests/test_import_tsv.py")
_COPIED = ("scripts", "tests", "models", "macros", "seeds", "data", "packages", "dbt_packages")
_TIME_LIMIT = 240  # seconds: a fault may never end


def _changed(node: ast.AST) -> ast.AST | None:
    """Return what could stand in a node's place."""
    if isinstance(node, ast.Compare) and (other := _OTHERS.get(type(node.ops[0]))):
        return ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    if isinstance(node, ast.BinOp) and (other := _OTHERS.get(type(node.op))):
        return ast.BinOp(node.left, other(), node.right)
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(_OTHERS[type(node.op)](), node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ast.Constant(not node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return ast.Constant(node.value + 1)
    return None


@dataclass(frozen=True)
class CodeFault:
    """One change of one expression."""

    name: str
    path: str
    number: int
    """Among the nodes of the file that can be changed."""
    layer = "simulator"

    @property
    def place(self) -> str:
        """The file."""
        return self.path

    def seeded(self, _: object = None) -> Outcome:
        """Return who noticed, on a copy of the project."""
        with TemporaryDirectory(prefix="mutant-") as folder:
            file = _copied(Path(folder)) / self.path
            tree = ast.parse(file.read_text(encoding="utf-8"))
            node, changed = _changes(tree)[self.number]
            node.__class__, node.__dict__ = changed.__class__, changed.__dict__
            file.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
            return Outcome(self.name, self.layer, self.path, _failing(Path(folder)))


def _changes(tree: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Return each node that can be changed, and what to."""
    return [(node, changed) for node in ast.walk(tree) if (changed := _changed(node)) is not None]


def _failing(project_dir: Path) -> list[str]:
    try:
        outcome, failed = run_pytest(project_dir, _TESTS, _TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return ["tests: time is up"]
    if outcome.returncode == 0:
        return []
    return failed or ["tests: cannot start"]


def code_faults() -> Iterator[CodeFault]:
    """Yield every fault of every file of the simulator."""
    for file in sorted((PROJECT_DIR / _FOLDER).glob("*.py")):
        seen: Counter[str] = Counter()
        for number, (node, changed) in enumerate(_changes(ast.parse(file.read_text(encoding="utf-8")))):
            change = " ".join(f"{ast.unparse(node)} → {ast.unparse(changed)}".split())[:200]
            seen[change] += 1
            name = f"simulate/{file.stem}: {change}" + (f" #{seen[change]}" if seen[change] > 1 else "")
            yield CodeFault(name, file.relative_to(PROJECT_DIR).as_posix(), number)


def _copied(folder: Path) -> Path:
    """Copy what the simulator's tests read, to be changed there."""
    for name in _COPIED:
        shutil.copytree(PROJECT_DIR / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*PROJECT_DIR.glob("*.yml"), *PROJECT_DIR.glob("*.toml"), PROJECT_DIR / "Makefile"):
        shutil.copy(file, folder)
    return folder
