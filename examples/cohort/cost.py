#!/usr/bin/env python3
"""What a cohort would cost, from what a part of it took: reads cts.parquet of a run of cohort.py.

    python cost.py results/cts.parquet --cts 100000 --core-hour 0.04 --gpu-hour 3

Prices are what you pay for a core, or for a GPU with its share of cores, for an hour.
"""

import argparse
import statistics
import sys

import pyarrow.parquet as pq

SUMMED = ["wall_s", "cpu_s", "read_bytes", "written_bytes", "files"]
# A CT's files are opened for their sha256 and by sam2lung; record, log and results make about as many more.
OPENED_TIMES, OPENED_BESIDES = 2, 20


def main():
    words = argparse.ArgumentParser(description="What a cohort would cost, from what a part of it took.")
    words.add_argument("table", help="cts.parquet")
    words.add_argument("--cts", type=int, default=100_000, help="how many CTs the cohort has")
    words.add_argument("--scale", type=float, default=1, help="how many times the slices of these its CTs have")
    words.add_argument("--wall-s", type=float, help="seconds of a run, in place of the table's mean times --scale")
    words.add_argument("--threads", type=int, default=2, help="run.threads of the runs")
    words.add_argument("--per-gpu", type=int, default=1, help="runs that share a GPU, for runs on CUDA")
    words.add_argument("--core-hour", type=float, default=0, help="price of a core for an hour")
    words.add_argument("--gpu-hour", type=float, default=0, help="price of a GPU for an hour")
    said = words.parse_args()
    rows = pq.read_table(said.table, columns=["state", "device", "peak_mib", *SUMMED]).to_pylist()
    rows = [row for row in rows if row["state"] == "done"]
    if not rows:
        return f"{said.table} has no CT that is done"
    mean = {name: statistics.fmean(row[name] for row in rows) for name in SUMMED}
    print(f"mean of {len(rows)} CTs: {mean['wall_s']:.1f} s, {mean['cpu_s']:.1f} s of a core's time")
    print(f"  largest memory of one: {max(row['peak_mib'] for row in rows):.0f} MiB")
    print(f"  read {mb(mean['read_bytes'])} in {mean['files']:.0f} files, wrote {mb(mean['written_bytes'])}")
    tell(said, {name: value * said.scale for name, value in mean.items()}, any(row["device"] == "cuda" for row in rows))
    return 0


def tell(said, one, on_gpu):
    """`one`: what a CT of the cohort takes."""
    wall_s = said.wall_s or one["wall_s"]
    print(f"{said.cts} CTs of {said.scale:g} times the slices, {wall_s:.1f} s each:")
    core_hours = wall_s * said.threads * said.cts / 3600
    if on_gpu:
        gpu_hours = wall_s * said.cts / said.per_gpu / 3600
        print(f"  {gpu_hours:.0f} GPU hours, {gpu_hours * said.gpu_hour:.0f} of money")
    else:
        print(f"  {core_hours:.0f} core hours, {core_hours * said.core_hour:.0f} of money")
        if said.gpu_hour:
            pays_s = wall_s * said.threads * said.core_hour / said.gpu_hour
            print(f"  a GPU is cheaper where it takes less than {pays_s:.2f} s per CT, all its runs together")
    print(
        f"  {one['read_bytes'] * said.cts / 1e12:.1f} TB to read, {one['written_bytes'] * said.cts / 1e12:.1f} TB to keep"
    )
    for runs in (50, 500, 5000):
        per_s = runs / wall_s
        read, written, opened = one["read_bytes"], one["written_bytes"], OPENED_TIMES * one["files"] + OPENED_BESIDES
        print(
            f"  {runs} at a time: {said.cts / per_s / 3600:.1f} h; a second {mb(read * per_s)} read,"
            f" {mb(written * per_s)} written, {opened * per_s:.0f} files opened"
        )


def mb(size):
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
