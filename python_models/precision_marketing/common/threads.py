"""Threads of fits: one each, and as many fits side by side as there are cores."""

import os

from threadpoolctl import threadpool_limits


def use_one_thread() -> None:
    """Keep BLAS and OpenMP to one thread, for the rest of the process.

    Several threads on few busy cores made boosting 5 to 10 times slower. The limit is
    never lifted: dbt runs models side by side, and a limit that one lifts while another
    fits would change the order of its sums, and so the last digits of its scores.
    """
    threadpool_limits(limits=1)


def workers(threads: int) -> int:
    """Return how many fits run side by side; 0 stands for one per core."""
    return threads or len(os.sched_getaffinity(0))
