"""Build the tables: check the sources, run dbt beside the present databases, swap them in, print the answers.

Everything happens in one process, as dbt takes longer to start than to build the sample. Only what is new in the data
folder is added to the present databases; where that is not possible, or FULL=1 asks for it, all are built anew.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console

from scripts import PROJECT_DIR
from scripts.answers import print_answers
from scripts.arguments import Parser, is_on
from scripts.databases import DatabaseError
from scripts.dbt_run import BuildError, MachineError, code_fingerprint, run_dbt
from scripts.increment import Plan, inputs, plan, write_note
from scripts.packages import PackagesError, provide_dbt_utils
from scripts.source_checks import check_contents, check_data_dir
from scripts.sources import SourceError, declared_sources
from scripts.warehouse import WarehouseError, building_dir, locked, recover, swap_in
from scripts.wording import print_what_the_terminal_can

_UNIT_TESTED = PROJECT_DIR / "target" / "unit_tested.sha256"  # the code whose unit tests have passed


def build(data_dir: Path, warehouse_dir: Path, console: Console, is_full: bool = False) -> None:
    """Build the databases of `warehouse_dir` from the Parquet files of `data_dir`: what is new, or with `is_full` all.

    Raises:
        SourceError: the data folder cannot be built from.
        PackagesError: dbt-utils cannot be provided.
        WarehouseError: the databases' folder cannot be written, or another build holds it.
        BuildError: a model or a test failed, or the machine has too little room (MachineError). In all cases the
            databases stay as they were.
    """
    data_dir, warehouse_dir = data_dir.resolve(), warehouse_dir.resolve()
    sources = declared_sources(PROJECT_DIR)
    check_data_dir(data_dir, sources)
    with locked(warehouse_dir):
        recover(warehouse_dir)
        _tell(console, provide_dbt_utils(PROJECT_DIR))
        now = inputs(data_dir, sources, code_fingerprint(PROJECT_DIR))
        planned = Plan("everything is built anew, as FULL asks for it") if is_full else plan(warehouse_dir, now)
        _tell(console, planned.reason[0].upper() + planned.reason[1:])
        if not planned.is_needed:
            return
        started = time.monotonic()
        is_code_tested = _UNIT_TESTED.is_file() and _UNIT_TESTED.read_text(encoding="utf-8") == now.code
        with building_dir(warehouse_dir) as folder:
            if planned.loaded_from:
                shutil.copyfile(warehouse_dir / "prep.duckdb", folder / "prep.duckdb")
            os.environ["LOADED_FROM"] = planned.loaded_from or ""
            try:
                passed_count = run_dbt(PROJECT_DIR, data_dir, folder, console, without_unit_tests=is_code_tested)
            except MachineError:
                raise
            except BuildError:
                check_contents(data_dir, sources)
                raise
            write_note(folder, now)
            swap_in(warehouse_dir)
    with contextlib.suppress(OSError):  # then they are run again
        _UNIT_TESTED.parent.mkdir(exist_ok=True)
        _UNIT_TESTED.write_text(now.code, encoding="utf-8")
    seconds = time.monotonic() - started
    unit_tests = "unit tests passed before, and nothing they read has changed" if is_code_tested else "unit tests too"
    _tell(console, f"dbt: {passed_count} seeds, models and data tests passed in {seconds:.0f} s; {unit_tests}")


def _tell(console: Console, line: str) -> None:
    console.print(line, style="dim", highlight=False, soft_wrap=True)


def main() -> None:
    """Build and print the answers; exit with 1 when a model or test fails, with 2 when the input is at fault."""
    Parser(
        prog="python -m scripts.build",
        description="Build the tables and print the answers.",
        epilog="DATA_DIR names the folder with the Parquet files, WAREHOUSE_DIR that of the databases; "
        "FULL=1 builds everything anew, otherwise what is new is added.",
    ).parse_args()
    data_dir = Path(os.environ.get("DATA_DIR") or "data")
    warehouse_dir = Path(os.environ.get("WAREHOUSE_DIR") or "warehouse")
    print_what_the_terminal_can()
    try:
        build(data_dir, warehouse_dir, Console(), is_full=is_on(os.environ.get("FULL")))
        print_answers(warehouse_dir, Console())
    except KeyboardInterrupt:
        print(f"Stopped (the databases of {warehouse_dir} stay as they were)", file=sys.stderr)
        sys.exit(130)
    except DatabaseError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (SourceError, PackagesError, WarehouseError, BuildError) as error:
        print(f"{error} (the databases of {warehouse_dir} stay as they were)", file=sys.stderr)
        sys.exit(1 if isinstance(error, BuildError) and not isinstance(error, MachineError) else 2)


if __name__ == "__main__":
    main()
