"""Let the project run a synthetic shop week by week: `make simulate`.

    make simulate CYCLES=12 SEEDS=10

Each week it decides, its users respond, the data grows by what they did, and it
learns and decides again. Prints what its contacts earned in truth beside plain policies
and an oracle; writes target/simulation.csv and target/simulation.html.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from tests.simulation.chart import line_chart
from tests.simulation.policies import POLICIES, judge_week
from tests.simulation.rules import COST_PER_REDEMPTION, Rules
from tests.simulation.world import PROJECT_FOLDER, World


def simulate(seed: int, rules: Rules, folder: Path) -> pd.DataFrame:
    """Run all cycles of one seed; one row per cycle and policy."""
    shutil.rmtree(folder, ignore_errors=True)
    world = World(folder, seed, rules)
    parts = []
    for cycle in range(rules.cycles):
        start = time.perf_counter()
        options = world.decide(cycle)
        judged = judge_week(options, rules.budget, COST_PER_REDEMPTION)
        parts.append(judged.assign(seed=seed, cycle=cycle + 1, learner=options["buying_learner"].iloc[0]))
        sys.stdout.write(f"seed {seed}, cycle {cycle + 1} of {rules.cycles}: {time.perf_counter() - start:.0f} s\n")
        sys.stdout.flush()
    shutil.rmtree(folder)
    return pd.concat(parts)


def interval(values: pd.Series) -> tuple[float, float, float]:
    """Mean over seeds and its 95 % interval by Student's t; no width with one seed."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, mean, mean
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def summarise(weeks: pd.DataFrame, column: str = "true_margin") -> pd.DataFrame:
    """Per policy what all cycles earned, and the ratio of ours to it, over seeds."""
    totals = weeks.pivot_table(column, "seed", "policy", "sum")
    records = []
    for policy in POLICIES:
        mean, low, high = interval(totals[policy])
        ratio, ratio_low, ratio_high = interval(totals["ours"] / totals[policy])
        records.append(
            {
                "policy": policy,
                "margin": mean,
                "margin_low": low,
                "margin_high": high,
                "ours_to_it": ratio,
                "ours_to_it_low": ratio_low,
                "ours_to_it_high": ratio_high,
            }
        )
    return pd.DataFrame(records)


def curves(weeks: pd.DataFrame) -> pd.DataFrame:
    """Cumulative margin per policy and cycle, mean and interval over seeds."""
    weeks = weeks.sort_values("cycle")
    summed = weeks.assign(total=weeks.groupby(["policy", "seed"])["true_margin"].cumsum())
    records = []
    for policy in POLICIES:
        records.append((policy, 0, 0.0, 0.0, 0.0))
        for cycle, rows in summed[summed["policy"] == policy].groupby("cycle"):
            records.append((policy, cycle, *interval(rows["total"])))
    return pd.DataFrame(records, columns=["policy", "cycle", "mean", "low", "high"])


def forecast_lines(weeks: pd.DataFrame) -> list[str]:
    """Write what launched campaigns were forecast to earn beside the truth, over seeds, and what learning cost."""
    sums = weeks[weeks["policy"] == "ours"].groupby("seed").sum(numeric_only=True)
    ratio, low, high = interval(sums["forecast"] / sums["true_margin"])
    error = sums["true_margin"] - sums["forecast"]
    is_inside = (-np.sqrt(sums["forecast_below"]) <= error) & (error <= np.sqrt(sums["forecast_above"]))
    by_value = (sums["true_margin"] - sums["drawn_margin"]) / (sums["true_cost"] - sums["drawn_cost"])
    forgone = sums["drawn_cost"] * by_value - sums["drawn_margin"]
    return [
        f"forecast margin {ratio:.2f} of the truth ({low:.2f} to {high:.2f}), inside its 80 % interval for"
        f" {is_inside.sum()} of {len(sums)} seeds",
        f"control groups would have earned {sums['withheld_margin'].mean():,.0f}; users drawn at random earned"
        f" {sums['drawn_margin'].mean():,.0f} with {sums['drawn_cost'].mean():,.0f}, {forgone.mean():,.0f} less than"
        " as much money did by value",
    ]


def report(weeks: pd.DataFrame) -> str:
    """Write the table as lines of text."""
    lines = [
        "cumulative incremental margin in truth, 95 % interval over "
        f"{weeks['seed'].nunique()} seeds; all spend what ours turned out to spend",
        f"{'policy':<16}{'margin':>10}{'interval':>20}{'ours / it':>12}{'interval':>16}",
    ]
    for row in summarise(weeks).itertuples():
        lines.append(
            f"{row.policy:<16}{row.margin:>10,.0f}"
            f"{f'{row.margin_low:,.0f} to {row.margin_high:,.0f}':>20}"
            f"{row.ours_to_it:>12.2f}"
            f"{f'{row.ours_to_it_low:.2f} to {row.ours_to_it_high:.2f}':>16}"
        )
    planned = summarise(weeks, "planned_margin").set_index("policy")
    lines.append(
        "within one budget, by the costs that each expects (the oracle knows them): "
        f"ours {planned['ours_to_it']['rfm_rule']:.2f} x the RFM rule, "
        f"{planned['ours_to_it']['oracle']:.0%} of the oracle"
    )
    lines += forecast_lines(weeks)
    learners = weeks.drop_duplicates(["seed", "cycle"])["learner"].value_counts()
    lines.append("effects on buying by: " + ", ".join(f"{name} ({count} weeks)" for name, count in learners.items()))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the seeds side by side, then write and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=Rules.users)
    parser.add_argument("--budget", type=float, default=Rules.budget_per_user)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=PROJECT_FOLDER / "target")
    given = parser.parse_args()
    rules = Rules(given.users, given.cycles, given.budget)
    start, parts = time.perf_counter(), []
    folder = given.folder.resolve()
    folder.mkdir(exist_ok=True)
    with ProcessPoolExecutor(
        given.processes, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        running = [
            pool.submit(simulate, seed, rules, folder / "simulation" / str(seed))
            for seed in range(given.first_seed, given.first_seed + given.seeds)
        ]
        for done in as_completed(running):
            parts.append(done.result())
            weeks = pd.concat(parts).sort_values(["seed", "cycle"], kind="stable")
            weeks.to_csv(folder / "simulation.csv", index=False)
    title = f"Cumulative incremental margin, {rules.users:,} users, {given.seeds} seeds, 95 % intervals"
    (folder / "simulation.html").write_text(line_chart(curves(weeks), title))
    sys.stdout.write(
        report(weeks) + f"{time.perf_counter() - start:.0f} s; every week in simulation.csv, drawn "
        f"in simulation.html, of {folder}\n"
    )


if __name__ == "__main__":
    main()
