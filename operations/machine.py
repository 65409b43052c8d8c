"""What a build may use of the machine: all cores, a quarter of the memory free."""

from __future__ import annotations

import os
import re
from pathlib import Path

MEMORY_FILES = {
    "/proc/meminfo": r"MemAvailable:\s+(\d+) kB",
    # a container's own limit, in bytes
    "/sys/fs/cgroup/memory.max": r"(\d+)",
}
SIZE = r"\d+(\.\d+)? ?[KMGT]i?B"


def threads() -> int:
    """Return how many threads DuckDB may use: THREADS, else one per core.

    Raises
    ------
    ValueError
        If the environment variable THREADS is not a whole number above 0.
    """
    given = os.environ.get("THREADS") or str(os.cpu_count())
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"THREADS: expected a whole number above 0, found {given!r}.")
    return int(given)


def memory_limit() -> str:
    """Return what DuckDB may use: MEMORY_LIMIT, else a quarter of the memory free.

    The rest is for scikit-learn, and for what else runs: each of several builds side by
    side takes its share of the same memory. With less than 1 GiB it is slow.

    Raises
    ------
    ValueError
        If the environment variable MEMORY_LIMIT is no size.
    """
    if given := os.environ.get("MEMORY_LIMIT"):
        if not re.fullmatch(SIZE, given):
            raise ValueError(f"MEMORY_LIMIT: expected a size such as 2GB, found {given!r}.")
        return given
    return f"{max(_free_bytes() // 4 // 2**20, 1024)}MiB"


def resident_bytes() -> int:
    """Return the memory that this process holds; 0 where the system does not say."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if told.exists() else 0


def _free_bytes() -> int:
    found = [
        int(match[1]) * (1024 if "kB" in pattern else 1)
        for file, pattern in MEMORY_FILES.items()
        if Path(file).exists() and (match := re.search(pattern, Path(file).read_text()))
    ]
    # where the system does not say what is free, a quarter of all there is
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(found, default=whole // 4)
