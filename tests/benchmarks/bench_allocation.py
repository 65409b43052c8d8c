"""Time the choice of offers against HiGHS on the same plans, side by side.

Each measurement is a process of its own, one after the other, with one thread. Seconds
are of `allocate`, and of `linear_bound` with HiGHS by interior point, which finds the
bound alone and no choice of whole offers, on the options of positive value. Peak memory
is the process's, with the plan (its own megabytes are told as well). HiGHS is asked up
to 100,000 users: beyond, it takes minutes. Asserts nothing.

    export PYTHONPATH=python_models
    python -m tests.benchmarks.bench_allocation [users,... [kind,...]]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np
from precision_marketing.allocation.prices import linear_bound
from precision_marketing.allocation.solver import allocate, greedy
from precision_marketing.common.threads import use_one_thread

from tests.python.support.made_plans import make_alike_plan, make_plan

USERS, OFFERS_PER_USER, MOST_USERS_OF_HIGHS = (100_000, 1_000_000), 5, 100_000
KINDS = ("spread", "whole", "equal", "alike")


def peak_megabytes() -> float:
    """Tell the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(way: str, users: int, kind: str) -> None:
    """Measure one way in this process; print what was found as JSON."""
    use_one_thread()
    if kind == "alike":
        options, limits = make_alike_plan(users, seed=1, values=1)
    else:
        options, limits = make_plan(users, OFFERS_PER_USER, seed=0, kind=kind)
    found = {"plan": peak_megabytes()}
    start = time.perf_counter()
    if way == "highs":
        worth = options.where(options.values > 0)
        found["bound"] = linear_bound(worth, limits, "highs-ipm").value
    else:
        best = allocate(options, limits)
        found |= {"bound": best.bound, "value": best.value}
    found |= {"seconds": time.perf_counter() - start, "peak": peak_megabytes()}
    if way == "dual":
        keys = np.where(options.values > 0, options.values, -np.inf)
        start = time.perf_counter()
        chosen = greedy(options, limits, keys)
        found["greedy_seconds"] = time.perf_counter() - start
        found["greedy"] = options.values[chosen].sum()
    sys.stdout.write(json.dumps(found))


def run(way: str, users: int, kind: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, way, str(users), kind]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return json.loads(output)


def main() -> None:
    """Measure every size and kind of plan."""
    sizes = [int(size) for size in sys.argv[1].split(",")] if sys.argv[1:] else USERS
    kinds = sys.argv[2].split(",") if sys.argv[2:] else KINDS
    for users in sizes:
        for kind in kinds:
            own = run("dual", users, kind)
            bound, line = own["bound"], f"{users:9,} x {OFFERS_PER_USER} {kind:6} "
            if users <= MOST_USERS_OF_HIGHS:
                highs = run("highs", users, kind)
                bound = highs["bound"]
                line += (
                    f"HiGHS {highs['seconds']:6.2f} s {highs['peak']:5.0f} MB, "
                    f"time of it {own['seconds'] / highs['seconds']:.3f}, "
                )
            sys.stdout.write(
                f"{line}dual {own['seconds']:6.2f} s {own['peak']:5.0f} MB "
                f"(plan {own['plan']:.0f}), gap {1 - own['value'] / bound:.1e}, greedy "
                f"by value {own['greedy_seconds']:.2f} s and "
                f"{100 * (1 - own['greedy'] / bound):.1f} % short\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measured(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        main()
