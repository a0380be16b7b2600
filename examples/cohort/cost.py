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
    words.add_argument("--core-hour", type=float, help="price of a core for an hour")
    words.add_argument("--gpu-hour", type=float, help="price of a GPU for an hour")
    words.add_argument("--per-gpu", type=int, default=1, help="runs that shared a GPU")
    said = words.parse_args()
    rows = [row for row in pq.read_table(said.table, columns=COLUMNS).to_pylist() if row["state"] == "done"]
    if not rows:
        return f"{said.table} has no CT that is done"
    mean = {name: statistics.fmean(row[name] for row in rows) for name in COLUMNS[1:]}
    print(f"mean of {len(rows)} CTs: {mean['wall_s']:.1f} s, {mean['cpu_s']:.1f} s of a core's time")
    print(f"  largest memory of one: {max(row['peak_mib'] for row in rows):.0f} MiB")
    print(
        f"  read {mean['read_bytes'] / 1e6:.1f} MB in {mean['files']:.0f} files, wrote {mean['written_bytes'] / 1e6:.1f} MB"
    )
    print(f"{said.cts} CTs, were they like these:")
    core_hours = mean["wall_s"] * said.threads * said.cts / 3600
    print(f"  {core_hours:.0f} core hours{_price(core_hours, said.core_hour)}")
    if said.gpu_hour is not None:
        gpu_hours = mean["wall_s"] * said.cts / said.per_gpu / 3600
        print(f"  {gpu_hours:.0f} GPU hours{_price(gpu_hours, said.gpu_hour)}")
    read, written = (mean[name] * said.cts / 1e12 for name in ("read_bytes", "written_bytes"))
    print(f"  {read:.1f} TB to read, {written:.1f} TB to keep")
    for cores in (100, 1000, 10_000):
        runs, hours = cores / said.threads, core_hours / cores
        rate = (mean["read_bytes"] + mean["written_bytes"]) * runs / mean["wall_s"] / 1e6
        print(
            f"  {cores} cores: {hours:.1f} h, {rate:.0f} MB/s on the file system, {runs * 60 / mean['wall_s']:.0f} CTs a minute"
        )
    return 0


def _price(hours, price):
    return "" if price is None else f", {hours * price:.0f} at {price:g} an hour"


if __name__ == "__main__":
    raise SystemExit(main())
