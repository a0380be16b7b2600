#!/usr/bin/env python3
"""What a cohort would cost, from what a part of it took: reads cts.parquet of runs of cohort.py.

    python cost.py results/cts.parquet --cts 100000 --threads 2 --core-hour 0.04
    python cost.py results-gpu/cts.parquet --cts 100000 --gpu-hour 3.00 --per-gpu 4

Prices are what you pay for a core, or a GPU with its share of cores, in an hour. `--threads` is run.threads of these
runs; `--per-gpu`, how many runs shared a GPU.
"""

import argparse
import statistics

import pyarrow.parquet as pq

COLUMNS = ["state", "wall_s", "cpu_s", "peak_mib", "read_bytes", "written_bytes", "files"]


def main():
    words = argparse.ArgumentParser(description="What a cohort would cost, from what a part of it took.")
    words.add_argument("table", help="cts.parquet")
    words.add_argument("--cts", type=int, default=100_000, help="how many CTs the cohort has")
    words.add_argument("--threads", type=int, default=2, help="run.threads of these runs")
    words.add_argument("--wall-s", type=float, help="seconds per CT, in place of the mean of the table")
    words.add_argument("--core-hour", type=float, help="price of a core for an hour")
    words.add_argument("--gpu-hour", type=float, help="price of a GPU for an hour")
    words.add_argument("--per-gpu", type=int, default=1, help="runs that shared a GPU")
    said = words.parse_args()
    rows = [row for row in pq.read_table(said.table, columns=COLUMNS).to_pylist() if row["state"] == "done"]
    if not rows:
        return f"{said.table} has no CT that is done"
    mean = {name: statistics.fmean(row[name] for row in rows) for name in COLUMNS[1:]}
    wall_s = said.wall_s or mean["wall_s"]
    print(f"mean of {len(rows)} CTs: {mean['wall_s']:.1f} s, {mean['cpu_s']:.1f} s of a core's time")
    print(f"  largest memory of one: {max(row['peak_mib'] for row in rows):.0f} MiB")
    print(f"  read {_mb(mean['read_bytes'])} in {mean['files']:.0f} files, wrote {_mb(mean['written_bytes'])}")
    print(f"{said.cts} CTs, were they like these, at {wall_s:.1f} s each:")
    core_hours = wall_s * said.threads * said.cts / 3600
    print(f"  {core_hours:.0f} core hours{_price(core_hours, said.core_hour)}")
    if said.gpu_hour is not None:
        gpu_hours = wall_s * said.cts / said.per_gpu / 3600
        print(f"  or {gpu_hours:.0f} GPU hours{_price(gpu_hours, said.gpu_hour)}")
    read, written = (mean[name] * said.cts / 1e12 for name in ("read_bytes", "written_bytes"))
    print(f"  {read:.1f} TB to read, {written:.1f} TB to keep")
    for cores in (100, 1000, 10_000):
        cts_a_second = cores / said.threads / wall_s
        moved = (mean["read_bytes"] + mean["written_bytes"]) * cts_a_second
        # An input's files are opened twice, for their sha256 and by sam2lung; results and record make about 20 more.
        opened = (2 * mean["files"] + 20) * cts_a_second
        print(f"  {cores} cores: {core_hours / cores:.1f} h, {_mb(moved)} and {opened:.0f} opened files a second")
    return 0


def _mb(size):
    return f"{size / 1e6:.1f} MB"


def _price(hours, price):
    return "" if price is None else f", {hours * price:.0f} at {price:g} an hour"


if __name__ == "__main__":
    raise SystemExit(main())
