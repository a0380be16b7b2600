"""Where the workers run: here, on Slurm, on Kubernetes, or under a scheduler that is there. Dask does all of it.

A worker runs one sam2lung at a time, with `run.threads` threads.
"""

import contextlib
import os

import dask
import distributed


@contextlib.contextmanager
def client(settings):
    """A client of a cluster that lives as long as this context."""
    with _cluster(settings.cluster, settings.run.threads) as cluster, distributed.Client(cluster) as connected:
        yield connected


def _cluster(wanted, threads):
    if wanted.kind == "local":
        workers = wanted.workers or max(1, len(os.sched_getaffinity(0)) // threads)
        # Workers begin as copies of one process that has loaded Dask already: a second each in place of many.
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
        # The memory that counts is sam2lung's, which Dask doesn't see.
        usual = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": None}
        return distributed.LocalCluster(n_workers=workers, **{**usual, **wanted.options})
    if wanted.kind == "slurm":
        import dask_jobqueue

        usual = {"cores": 1, "processes": 1, "job_cpu": threads}
        cluster = dask_jobqueue.SLURMCluster(**{**usual, **wanted.options})
        cluster.scale(jobs=wanted.workers)
        return cluster
    if wanted.kind == "kubernetes":
        from dask_kubernetes.operator import KubeCluster

        usual = {
            "name": "sam2lung-cohort",
            "worker_command": ["dask", "worker", "--nthreads", "1", "--memory-limit", "0"],
        }
        cluster = KubeCluster(**{**usual, **wanted.options})
        cluster.scale(wanted.workers)
        return cluster
    return contextlib.nullcontext(wanted.address)
