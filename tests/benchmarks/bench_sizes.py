"""Build synthetic shops of several sizes and write what they cost: `make bench-sizes SIZES=0.1M,1M`.

Each shop is generated, then built from its raw files to decisions in a process of its own,
data tests included, beside the floor: DuckDB alone reads every column of the order lines
and groups them by user. Rewrites docs/performance.md and its drawing; ends with what grew since
the figures that stood there. Asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import textwrap
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from operations.places import PROJECT_FOLDER

FOLDER = PROJECT_FOLDER / "target" / "bench_sizes"
PAGE = PROJECT_FOLDER / "docs" / "performance.md"
DRAWING = PAGE.with_suffix(".svg")
RECORD = PAGE.with_suffix(".json")
# Of the shop that `make demo USERS=20000 DAYS=540` generates.
DAYS, LINES_PER_USER = 540, 51
LAYER = re.compile(r"^(\S+) +\d+ +\d+ +[\d,]+ +([\d.,]+) +([\d,]+)", re.M)
FLOOR = """
    import duckdb, sys
    duckdb.sql(f"select user_id, count(columns(*)) from '{sys.argv[1]}' group by user_id").fetchall()
"""


@dataclass(frozen=True)
class Cost:
    """What one shop cost.

    Parameters
    ----------
    line_count, user_count : int
        Order lines and users of the raw files.
    cpu_seconds, clock_seconds, floor_seconds : float
        Of the build, and of the floor (median of three).
    peak_megabytes, database_megabytes, raw_megabytes : int
        Memory held at most, and sizes of files.
    layers : dict of str to list of float
        Seconds and peak MB per layer, as the build says.
    measured_on, machine : str
        Date, and processor, cores and memory.
    """

    line_count: int
    user_count: int
    cpu_seconds: float
    clock_seconds: float
    floor_seconds: float
    peak_megabytes: int
    database_megabytes: int
    raw_megabytes: int
    layers: dict[str, list[float]] = field(default_factory=dict)
    measured_on: str = ""
    machine: str = ""


def run(command: list[str], environment: dict[str, str], output: Path) -> tuple[float, float, int]:
    """Run a process; return its CPU seconds, its clock seconds and the MB that it held at most."""
    began = time.monotonic()
    with output.open("w") as writing:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=writing, stderr=subprocess.STDOUT, cwd=PROJECT_FOLDER
        )
        _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{output.read_text()[-2000:]}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss // 1024


def measure(lines: int) -> Cost:
    """Generate a shop of so many order lines, build it, and count."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    raw = FOLDER / "raw"
    raw.mkdir(parents=True)
    users = round(lines / LINES_PER_USER)
    places = ["--folder", str(raw), "--warehouse", str(FOLDER / "made.duckdb")]
    run(
        [sys.executable, "-m", "demo_shop", "--users", str(users), "--days", str(DAYS), *places],
        {},
        FOLDER / "made.txt",
    )
    given = {
        "SOURCE": "demo_shop",
        "SHOP_DIR": str(raw),
        "WAREHOUSE": str(FOLDER / "shop.duckdb"),
        "DBT_TARGET_PATH": str(FOLDER / "target"),
        "DBT_LOG_PATH": str(FOLDER / "logs"),
        "PSEUDONYM_KEY": "a key of at least thirty-two signs for benchmarks",
        "VAULT_KEY": "another key of at least thirty-two signs",
        "CI": "1",
    }
    [transactions] = raw.glob("transactions*")
    floor = [
        run([sys.executable, "-c", FLOOR.replace("\n    ", "\n"), str(transactions)], {}, FOLDER / "floor.txt")[0]
        for _ in range(3)
    ]
    cpu, clock, peak = run([sys.executable, "-m", "operations.build"], given, FOLDER / "build.txt")
    [(count,)] = duckdb.sql(f"select count(*) from '{transactions}'").fetchall()
    found = LAYER.findall((FOLDER / "build.txt").read_text())
    cost = Cost(
        line_count=count,
        user_count=users,
        cpu_seconds=round(cpu, 1),
        clock_seconds=round(clock, 1),
        floor_seconds=round(statistics.median(floor), 2),
        peak_megabytes=peak,
        database_megabytes=(FOLDER / "shop.duckdb").stat().st_size // 2**20,
        raw_megabytes=sum(file.stat().st_size for file in raw.iterdir() if file.is_file()) // 2**20,
        layers={name: [float(each.replace(",", "")) for each in figures] for name, *figures in found},
        measured_on=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
    )
    shutil.rmtree(FOLDER)
    return cost


def machine() -> str:
    """Describe what the figures were measured on."""
    information = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", information.read_text()) if information.exists() else []
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB"


def slope(costs: list[Cost], name: str) -> float:
    """Return the slope of a cost by the lines, both as logarithms, from the smallest to the largest shop."""
    first, last = costs[0], costs[-1]
    return math.log(getattr(last, name) / getattr(first, name)) / math.log(last.line_count / first.line_count)


def page(costs: list[Cost]) -> str:
    """Write docs/performance.md."""
    table = [
        f"| {each.line_count:,} | {each.user_count:,} | {each.cpu_seconds:,.0f} |"
        f" {each.cpu_seconds / each.floor_seconds:,.0f} | {each.clock_seconds:,.0f} | {each.peak_megabytes:,} |"
        f" {each.database_megabytes:,} | {each.raw_megabytes:,} | {each.measured_on} |"
        for each in costs
    ]
    names = list(dict.fromkeys(name for each in costs for name in each.layers))
    layers = [
        f"| {name} | "
        + " | ".join("{:,.0f} s, {:,.0f} MB".format(*each.layers.get(name, (0, 0))) for each in costs)
        + " |"
        for name in names
    ]
    heading = " | ".join(f"{each.line_count:,} lines" for each in costs)
    text = f"""# What a build costs

Written by `make bench-sizes`. Each shop is synthetic, {DAYS} days long, and built from its raw files to decisions
in one process, data tests included, once. CPU seconds count all threads, and tell more than the clock: other work may
run beside. The floor: DuckDB alone reads every column of the order lines and groups them by user (median of three, same
run).

| order lines | users | CPU s | times the floor | clock s | peak MB | database MB | raw MB | measured |
|---|---|---|---|---|---|---|---|---|
{chr(10).join(table)}

Machine: {costs[-1].machine}.

![Cost by order lines](performance.svg)
"""
    if len(costs) > 1:
        grown = [slope(costs, name) for name in ("cpu_seconds", "peak_megabytes", "database_megabytes")]
        text += f"""
From the smallest to the largest shop CPU seconds grow as lines to the power of {grown[0]:.2f}, memory {grown[1]:.2f}
and the database {grown[2]:.2f}: 1 is in proportion. Models learn from at most the var `learning_users_max` users;
everybody is scored.

## A larger shop: a model, not a measurement

{larger(costs[-2], costs[-1])}
"""
    return f"""{text}
## By layer

Clock seconds summed over the models of a layer, of which as many run side by side as there are threads, and the memory
of the process by the end of the layer.

| layer | {heading} |
|---|{"---|" * len(costs)}
{chr(10).join(layers)}
"""


def larger(smaller: Cost, largest: Cost, users: int = 5_000_000, cores: int = 16) -> str:
    """Carry the line through the two largest shops on to a larger one."""
    lines = users * LINES_PER_USER
    told = {}
    for name in ("cpu_seconds", "database_megabytes"):
        per_line = (getattr(largest, name) - getattr(smaller, name)) / (largest.line_count - smaller.line_count)
        told[name] = getattr(largest, name) + per_line * (lines - largest.line_count)
    busy = largest.cpu_seconds / largest.clock_seconds / (os.cpu_count() or 1)
    told_of = (
        f"A straight line through the two largest shops gives {users:,} users with {lines:,} lines"
        f" {told['cpu_seconds'] / 3600:,.0f} CPU hours and a database of {told['database_megabytes'] / 1024:,.0f} GB."
        f" With {cores} cores as busy as these ({busy:.0%}) that is"
        f" {told['cpu_seconds'] / 3600 / cores / busy:,.1f} hours. Nobody has measured it: allocation and the uplift of"
        " contacts are held whole in Python, and may not fit."
    )
    return textwrap.fill(told_of, 120)


def drawing(costs: list[Cost]) -> str:
    """Draw CPU seconds, memory and database by lines, both axes logarithmic."""
    series = {"CPU s": "cpu_seconds", "peak MB": "peak_megabytes", "database MB": "database_megabytes"}
    values = [getattr(each, name) for each in costs for name in series.values()]
    ends = [math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))]
    sides = [math.floor(math.log10(costs[0].line_count)), math.ceil(math.log10(costs[-1].line_count))]

    def place(lines: float, value: float) -> tuple[float, float]:
        across = (math.log10(lines) - sides[0]) / max(sides[1] - sides[0], 1)
        up = (math.log10(value) - ends[0]) / max(ends[1] - ends[0], 1)
        return 70 + 430 * across, 260 - 220 * up

    parts = [
        f'<text x="60" y="{place(10 ** sides[0], 10**power)[1] + 4:.0f}" text-anchor="end">{10**power:,}</text>'
        for power in range(ends[0], ends[1] + 1)
    ]
    parts += [
        f'<text x="{place(10**power, 10 ** ends[0])[0]:.0f}" y="280" text-anchor="middle">{10**power:,} lines</text>'
        for power in range(sides[0], sides[1] + 1)
    ]
    for (label, name), colour in zip(series.items(), ("#0072b2", "#d55e00", "#009e73"), strict=True):
        points = [place(each.line_count, getattr(each, name)) for each in costs]
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>{dots}')
        parts.append(f'<text x="{points[-1][0] + 8:.0f}" y="{points[-1][1] + 4:.0f}" fill="{colour}">{label}</text>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 295" font-family="sans-serif" font-size="12">'
        f'<rect width="620" height="295" fill="white"/>{"".join(parts)}</svg>\n'
    )


def main() -> None:
    """Measure, write the page, and say what grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="0.1M,0.3M,1M", help="millions of order lines")
    sizes = [float(each.removesuffix("M")) * 1e6 for each in parser.parse_args().sizes.split(",")]
    known = {each["user_count"]: Cost(**each) for each in json.loads(RECORD.read_text())} if RECORD.exists() else {}
    former = dict(known)
    for size in sizes:
        cost = measure(round(size))
        known[cost.user_count] = cost
        sys.stdout.write(
            f"{cost.line_count:,} lines: {cost.cpu_seconds / cost.floor_seconds:,.0f} x the floor,"
            f" {cost.cpu_seconds:,.0f} CPU s, {cost.clock_seconds:,.0f} s,"
            f" {cost.peak_megabytes:,} MB, database {cost.database_megabytes:,} MB\n"
        )
        sys.stdout.flush()
    costs = [known[count] for count in sorted(known)]
    RECORD.write_text(json.dumps([asdict(each) for each in costs], indent=1) + "\n")
    PAGE.write_text(page(costs))
    DRAWING.write_text(drawing(costs))
    for count in sorted({*former} & {round(size / LINES_PER_USER) for size in sizes}):
        ratios = ", ".join(
            f"{name.split('_')[0]} {getattr(known[count], name) / getattr(former[count], name):.2f} x"
            for name in ("cpu_seconds", "peak_megabytes", "database_megabytes")
        )
        sys.stdout.write(f"{count:,} users, to {former[count].measured_on}: {ratios}\n")


if __name__ == "__main__":
    main()
