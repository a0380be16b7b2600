"""The whole cohort as two Parquet tables, and what it took.

    cts.parquet       a row per CT: what became of it, what was found, what it took
    nodules.parquet   a row per nodule: the name of its CT, and every measure of nodules.json

Enters: the records, run.json and nodules.json of every case. Files are read by many threads at a time: on a shared
file system each one is a wait.
"""

import collections
import concurrent.futures
import json
import os

import case as one_case
import pyarrow as pa
import pyarrow.parquet as pq

CTS, NODULES = "cts.parquet", "nodules.parquet"
READ_AT_ONCE = 16
# The error of a CT whose record can't be understood. The next run does it anew.
DAMAGED = "damaged-record"
# Cases that become a table at a time: as text they take far more memory than as a table.
CASES_PER_PART = 1000

CT_COLUMNS = {
    "name": pa.string(),
    "path": pa.string(),
    "state": pa.string(),  # done, failed, waiting, running; none where it wasn't begun
    "error": pa.string(),
    "reason": pa.string(),
    "tries": pa.int32(),  # runs that ended with an error
    "kills": pa.int32(),
    "result": pa.string(),  # folder, relative to this table
    "nodules": pa.int32(),
    "review": pa.int32(),
    "micronodules": pa.int32(),
    "warnings": pa.list_(pa.string()),
    "wall_s": pa.float64(),
    "cpu_s": pa.float64(),
    "peak_mib": pa.float64(),
    "read_bytes": pa.int64(),
    "written_bytes": pa.int64(),
    "files": pa.int32(),
    "dims": pa.list_(pa.int32()),
    "spacing_mm": pa.list_(pa.float64()),
    "searched_ml": pa.float64(),
    "device": pa.string(),
    "host": pa.string(),
    "samples": pa.int32(),
    "seed": pa.uint64(),
    "sam2lung": pa.string(),
    "model": pa.string(),
    "model_sha256": pa.string(),
    "voxels_sha256": pa.string(),
    "input_sha256": pa.string(),
}


def write(output, cases):
    """Writes both tables into `output`; what to say of them."""
    cts, nodules = [], []
    with concurrent.futures.ThreadPoolExecutor(READ_AT_ONCE) as readers:
        for at in range(0, len(cases), CASES_PER_PART):
            read = list(readers.map(lambda case: _read(output, case), cases[at : at + CASES_PER_PART]))
            cts.append(pa.Table.from_pylist([ct for ct, _ in read], schema=pa.schema(CT_COLUMNS)))
            nodules.append(_table([nodule for _, of_ct in read for nodule in of_ct]))
    cts, nodules = pa.concat_tables(cts), pa.concat_tables(nodules, promote_options="permissive")
    for name, table in ((CTS, cts), (NODULES, nodules)):
        part = output / f".{name}.part"
        pq.write_table(table, part, compression="zstd")
        os.replace(part, output / name)
    return _told(output, cts, nodules)


def _read(output, case):
    """The row of a CT, and the rows of its nodules."""
    record, damaged = one_case.read_or_none(output / case.name)
    row = {"name": case.name, "path": case.path}
    if damaged:
        return {**row, "state": one_case.WAITING, "error": DAMAGED, "reason": damaged}, []
    if record is None:
        return row, []
    row |= {
        name: getattr(record, name)
        for name in (
            "state",
            "error",
            "reason",
            "tries",
            "kills",
            "wall_s",
            "cpu_s",
            "peak_mib",
            "written_bytes",
            "host",
        )
    }
    row |= {"read_bytes": record.input.bytes, "files": record.input.files, "input_sha256": record.input.sha256}
    if record.state != one_case.DONE:
        return row, []
    folder = output / case.name / record.result
    run = json.loads((folder / one_case.MANIFEST).read_text(encoding="utf-8"))
    nodules = json.loads((folder / "nodules.json").read_text(encoding="utf-8"))
    row |= {name: run["result"][name] for name in ("nodules", "review", "searched_ml")}
    row |= {name: run["input"][name] for name in ("dims", "spacing_mm", "voxels_sha256")}
    row |= {name: run["options"][name] for name in ("samples", "seed")}
    row |= {
        "result": f"{case.name}/{record.result}",
        "micronodules": len(run["result"]["micronodules"]),
        "warnings": [warning["name"] for warning in run["warnings"]],
        "device": run["device"]["used"],
        "sam2lung": run["versions"]["sam2lung"],
        "model": f"{run['model']['name']} {run['model']['version']}",
        "model_sha256": run["model"]["sha256"]["model.json"],
    }
    return row, [{"ct": case.name, **nodule} for nodule in nodules]


def _table(rows):
    """Rows with all their columns: every number as float64, but the nodule's own, so that all parts agree."""
    columns = dict.fromkeys(column for row in rows for column in row)
    arrays = {column: pa.array([_plain(row.get(column)) for row in rows]) for column in columns}
    if "id" in arrays:
        arrays["id"] = arrays["id"].cast(pa.int32())
    return pa.table(arrays if rows else {"ct": pa.array([], pa.string()), "id": pa.array([], pa.int32())})


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _told(output, cts, nodules):
    states = collections.Counter(cts["state"].to_pylist())
    done = states.pop(one_case.DONE, 0)
    lines = [
        f"{cts.num_rows} CTs: {done} done, {states.pop(one_case.FAILED, 0)} failed, {sum(states.values())} not ended"
    ]
    rows = zip(cts["state"].to_pylist(), cts["error"].to_pylist(), strict=True)
    errors = collections.Counter(error for state, error in rows if state == one_case.FAILED)
    lines += [f"  {error}: {count}" for error, count in errors.most_common()]
    rows = zip(cts["name"].to_pylist(), cts["error"].to_pylist(), cts["reason"].to_pylist(), strict=True)
    lines += [f"  {name} has not ended: {reason}" for name, error, reason in rows if error == DAMAGED]
    lines.append(f"{nodules.num_rows} nodules, {sum(n or 0 for n in cts['review'].to_pylist())} to review")
    return "\n".join([*lines, f"{output / CTS}", f"{output / NODULES}"])
