"""Faults in the simulator, seeded through Python's own syntax tree, and the tests that notice."""

from __future__ import annotations

import ast
import copy
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.mutate.outcome import Outcome

_FOLDER = Path("scripts") / "simulate"
_OTHERS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.In: ast.NotIn,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_TESTS = ("tests/test_simulate.py", "tests/test_dirt.py")
_COPIED = ("scripts", "tests", "models", "macros", "seeds", "data", "packages", "dbt_packages")
_TIME_LIMIT = 240  # seconds: a fault may never end
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what could stand in a node's place."""
    if isinstance(node, ast.Compare) and (other := _OTHERS.get(type(node.ops[0]))):
        changed = copy.deepcopy(node)
        changed.ops[0] = other()  # type: ignore[assignment]
        yield changed
    elif isinstance(node, (ast.BinOp, ast.BoolOp)) and (other := _OTHERS.get(type(node.op))):
        changed = copy.deepcopy(node)
        changed.op = other()  # type: ignore[assignment]
        yield changed
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        yield ast.Constant(node.value * 1.5)


@dataclass(frozen=True)
class CodeFault:
    """One change of one expression."""

    name: str
    path: str
    change: str
    text: Callable[[], str]
    """Gives the whole file with the fault."""

    layer = "simulator"

    def seeded(self, project_dir: Path) -> Outcome:
        """Return who noticed, on a copy of the project."""
        outcome = Outcome(self.name, self.layer, self.path, self.change)
        file = project_dir / self.path
        whole = file.read_bytes()
        file.write_text(self.text(), encoding="utf-8")
        try:
            for tests in _TESTS:  # the committed files come out again, or not: few faults need the second
                outcome.caught_by = _failing(project_dir, tests)
                if outcome.caught_by:
                    break
        finally:
            file.write_bytes(whole)
        return outcome


def _failing(project_dir: Path, tests: str) -> list[str]:
    options = ["-q", "-x", "--tb=no", "--no-header", "-p", "no:cacheprovider"]
    try:
        outcome = subprocess.run(
            [sys.executable, "-m", "pytest", *options, tests],
            cwd=project_dir,
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return [f"{tests}: time is up"]
    if outcome.returncode == 0:
        return []
    return _FAILED.findall(outcome.stdout) or [f"{tests}: cannot start"]


def code_faults(project_dir: Path) -> Iterator[CodeFault]:
    """Yield every fault of every file of the simulator, except of what it says of itself."""
    for file in sorted((project_dir / _FOLDER).glob("*.py")):
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
        seen: Counter[str] = Counter()
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                for at, node in enumerate(value if isinstance(value, list) else [value]):
                    if not isinstance(node, ast.AST) or field in ("annotation", "returns"):
                        continue
                    for changed in _changes(node):
                        before, after = ast.unparse(node), ast.unparse(changed)
                        shown = f"{ast.unparse(parent)[:60]} …: {before}" if isinstance(node, ast.Constant) else before
                        change = f"{' '.join(shown.split())[:120]} → {' '.join(after.split())[:120]}"
                        seen[change] += 1
                        number = f" #{seen[change]}" if seen[change] > 1 else ""
                        new = partial(_replaced, parent, field, at, changed, tree)
                        path = file.relative_to(project_dir).as_posix()
                        yield CodeFault(f"simulate/{file.stem}: {change}{number}", path, change, new)


def _replaced(parent: ast.AST, field: str, at: int, changed: ast.AST, tree: ast.Module) -> str:
    value = getattr(parent, field)
    if isinstance(value, list):
        kept, value[at] = value[at], changed
        text = ast.unparse(ast.fix_missing_locations(tree))
        value[at] = kept
    else:
        setattr(parent, field, changed)
        text = ast.unparse(ast.fix_missing_locations(tree))
        setattr(parent, field, value)
    return text


def copied(project_dir: Path, folder: Path) -> Path:
    """Copy what the simulator's tests read, to be changed there."""
    for name in _COPIED:
        if (project_dir / name).is_dir():
            shutil.copytree(project_dir / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*project_dir.glob("*.yml"), *project_dir.glob("*.toml"), *project_dir.glob("Makefile")):
        shutil.copy(file, folder)
    return folder
