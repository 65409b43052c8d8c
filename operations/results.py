"""Write docs/results.md from the marts: `make results` after `make build`."""

from __future__ import annotations

import sys

import duckdb

from operations.places import PROJECT_FOLDER, WAREHOUSE

HEADER = """# What the estimators reach

Written by `make results` from `evaluation.estimator_comparison`, which `make build`
computes anew. All figures are of the test dates, later than anything learnt from. The
interval is a 95 % bootstrap over users. The peer is the best library outside
scikit-learn, tuned, on the same rows (seed `published_results`); "trials" is what
trials with scikit-learn alone had reached before.

"""
METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "mean_squared_error": "mean squared error",
}


def number(value: float | None) -> str:
    """Write a figure as the tables have it, a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.4f}" if value < 10 else f"{value:.0f}"


def main() -> None:
    """Write one table per metric."""
    if not WAREHOUSE.exists():
        sys.exit(f"No database at {WAREHOUSE}: run make build first.")
    query = """
        select
            task, best_baseline_name, baseline_value, peer_name, peer_value,
            reached_value, estimator_name, metric_value, interval_low, interval_high
        from evaluation.estimator_comparison
        where metric = $1
        order by task
    """
    parts = [HEADER]
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        for metric, title in METRICS.items():
            rows = connection.execute(query, [metric]).fetchall()
            parts.append(
                f"## {title[0].upper()}{title[1:]}\n\n"
                "| task | baseline | best outside peer | trials | ours | interval |\n"
                "|---|---|---|---|---|---|\n"
            )
            for task, baseline, baseline_value, peer, peer_value, reached, *ours in rows:
                name, value, low, high = ours
                shown_baseline = f"{baseline} {number(baseline_value)}" if baseline else "-"
                shown_peer = f"{peer} {number(peer_value)}" if peer_value else "-"
                parts.append(
                    f"| {task} | {shown_baseline} | {shown_peer} | {number(reached)} | "
                    f"{name.replace('_', ' ')} {number(value)} | "
                    f"{number(low)} to {number(high)} |\n"
                )
            parts.append("\n")
    (PROJECT_FOLDER / "docs" / "results.md").write_text("".join(parts).rstrip() + "\n")


if __name__ == "__main__":
    main()
