"""What the databases were built from, and what of the data folder they do not have yet.

Files are told apart as make does it, by name, size and time of change. New ones are added to what is there; where one
has changed or gone, or the code has, everything is built anew.
"""

from __future__ import annotations

import glob
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.databases import in_utc
from scripts.sources import Source, source_files
from scripts.warehouse import DATABASES, NOTE, WarehouseError

_EVENTS = "snowplow.events"  # the source that is added to; the others are small, and read whole every time
_NEVER = "9999-12-31"

Stamp = list[int]
"""Size (bytes) and time of change (ns) of a file."""


@dataclass(frozen=True)
class Inputs:
    """All that decides what a build makes."""

    data_dir: str
    code: str
    """Fingerprint of models, macros, seeds, settings and versions."""
    files: dict[str, dict[str, Stamp]]
    """By source and by path below the data folder."""


@dataclass(frozen=True)
class Plan:
    """What a build has to do."""

    reason: str
    """In words, for whoever reads what the build prints."""
    is_needed: bool = True
    loaded_from: str | None = None
    """First load that is new (UTC), to be added to the present databases; None: build everything anew."""


def inputs(data_dir: Path, sources: list[Source], code: str) -> Inputs:
    """Return what a build would be made from now."""
    files = {
        source.name: {path.relative_to(data_dir).as_posix(): _stamp(path) for path in source_files(data_dir, source)}
        for source in sources
    }
    return Inputs(str(data_dir), code, files)


def write_note(folder: Path, built_from: Inputs) -> None:
    """Write beside new databases what they were built from, in one step: it says that they are whole.

    Raises:
        WarehouseError: they are not, as a log is left of what could not be written into them.
    """
    for log in folder.glob("*.wal"):
        raise WarehouseError(f"{log.stem} could not be written whole: see that the disk has room, then build again")
    stamps = {name: _stamp(folder / name) for name in DATABASES}
    partial = folder / f"{NOTE}.partial"
    partial.write_text(json.dumps({"inputs": asdict(built_from), "databases": stamps}), encoding="utf-8")
    os.replace(partial, folder / NOTE)


def plan(warehouse_dir: Path, now: Inputs) -> Plan:
    """Compare the note in the databases' folder with what is there now, and say what is to be done."""
    try:
        note = json.loads((warehouse_dir / NOTE).read_text(encoding="utf-8"))
        before, databases = Inputs(**note["inputs"]), note["databases"]
        old = before.files.get(_EVENTS, {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Plan("everything is built for the first time")
    untouched = {name for name in DATABASES if _has_stamp(warehouse_dir / name, databases.get(name))}
    if "prep.duckdb" not in untouched:
        return Plan("everything is built anew, as prep.duckdb is not as the last build left it")
    if before.code != now.code:
        return Plan("everything is built anew, as models, seeds, settings or versions have changed")
    if before.data_dir != now.data_dir:
        return Plan(f"everything is built anew, as the last build was of {before.data_dir}")

    events = now.files[_EVENTS]
    if changed := sorted(path for path, stamp in old.items() if events.get(path) != stamp):
        verb = "has changed" if changed[0] in events else "is gone"
        return Plan(f"everything is built anew, as {changed[0]} {verb}")
    new = sorted(events.keys() - old.keys())
    if new:
        loaded_from = _first_load([Path(now.data_dir) / path for path in new])
        names = new[0] if len(new) == 1 else f"{new[0]} and {len(new) - 1} more"
        return Plan(f"adding {names} to the {len(old)} files of events already read", loaded_from=loaded_from)
    if before.files == now.files and untouched == set(DATABASES):
        return Plan("nothing is new since the last build (FULL=1 builds all the same)", is_needed=False)
    return Plan("no file of events is new; what depends on the others is built anew", loaded_from=_NEVER)


def _first_load(paths: list[Path]) -> str:
    """Return the earliest load time in the files (UTC); rows without one are always read."""
    files = [glob.escape(str(path)) for path in paths]
    with in_utc() as connection:
        relation = connection.read_parquet(files, union_by_name=True, hive_partitioning=False)
        ((first,),) = relation.aggregate("CAST(CAST(MIN(load_tstamp) AS TIMESTAMP) AS VARCHAR)").fetchall()
    return first or _NEVER


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _has_stamp(path: Path, stamp: Stamp | None) -> bool:
    return path.is_file() and _stamp(path) == stamp
