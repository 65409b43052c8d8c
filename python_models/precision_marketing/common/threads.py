"""Threads of fits: one each, and as many fits side by side as there are cores."""

import os
import sys
from functools import lru_cache

from threadpoolctl import ThreadpoolController


def use_one_thread() -> None:
    """Keep BLAS and OpenMP to one thread, for the rest of the process.

    Several threads on few busy cores made boosting 5 to 10 times slower. The limit is
    never lifted: dbt runs models side by side, and a limit that one lifts while another
    fits would change the order of its sums, and so the last digits of its scores.
    """
    _libraries(len(sys.modules)).limit(limits=1)


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Look for the libraries that have threads; takes ten milliseconds, so again only after imports."""
    return ThreadpoolController()


def workers(threads: int) -> int:
    """Return how many fits run side by side; 0 stands for one per core."""
    return threads or len(os.sched_getaffinity(0))
