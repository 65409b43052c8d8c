"""The model cards: one per champion, from the marts."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import duckdb

LIMITS = """<h3>Limits</h3>
<p>Learnt from this shop's customers and their history. Scores extrapolate to new customers,
other shops and seasons outside the data. They rank customers by how likely they are to act,
not by how far a contact changes that.</p>
<h3>Must not be used</h3>
<p>To set prices, to refuse service or credit, or to judge a person's worth or health.
Not for people who withdrew consent.</p>"""


def table(head: list[str], rows: list[tuple]) -> str:
    """Lay rows out as a table of HTML."""
    cells = ["".join(f"<th>{escape(each)}</th>" for each in head)]
    cells += ["".join(f"<td>{escape(shown(value))}</td>" for value in row) for row in rows]
    rows_written = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div class="wide" tabindex="0"><table>{rows_written}</table></div>'


def shown(value: object) -> str:
    """Write a value as a reader wants it."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def reliability_plot(bins: list[tuple[float, float, float, float]]) -> str:
    """Draw rate against probability, with intervals, beside the diagonal."""
    marks = "".join(
        f'<line x1="{100 * mean:.2f}" x2="{100 * mean:.2f}" y1="{100 - 100 * low:.2f}"'
        f' y2="{100 - 100 * high:.2f}" stroke="#777"/>'
        f'<circle cx="{100 * mean:.2f}" cy="{100 - 100 * rate:.2f}" r="1.6"/>'
        for mean, rate, low, high in bins
    )
    label = "; ".join(f"said {mean:.2f}, was {rate:.2f}" for mean, rate, *_ in bins)
    return (
        f'<svg class="chart" viewBox="-4 -4 108 108" role="img" aria-label="{label}">'
        '<rect width="100" height="100" fill="none" stroke="#777"/>'
        '<line x1="0" y1="100" x2="100" y2="0" stroke="#777" stroke-dasharray="2"/>'
        f"{marks}</svg>"
    )


def calibration(parameters: dict) -> str:
    """Say which calibration map is in service, and what each gained over none."""
    judged = parameters.get("calibration_gains", {})
    if not judged:
        return ""
    gains = [f"{kind} {mean:+.5f} (at least {low:+.5f})" for kind, (mean, low) in judged.items() if low is not None]
    compared = f"gain in log loss over no map on {parameters['calibration_date_count']} later dates: {', '.join(gains)}"
    reason = compared if gains else "too few later dates to compare maps on"
    return f"<p>Calibration map: <b>{escape(parameters['calibration_map'])}</b> ({reason}).</p>"


def card(connection: duckdb.DuckDBPyConnection, entry: tuple) -> str:
    """Write the card of one champion."""
    task, description, name, version, reason, baseline, first, last, rows, features, parameters = entry
    metrics = connection.execute(
        """
        select metric, metric_value, interval_low, interval_high, best_baseline_name,
            baseline_value
        from evaluation.estimator_comparison where task = $1 order by metric
        """,
        [task],
    ).fetchall()
    bins = connection.execute(
        """
        select mean_prediction, outcome_rate, rate_low, rate_high
        from evaluation.score_calibration
        where task = $1 and estimator_name = $2 and split_name = 'test'
            and row_set = 'all'
        order by bin_number
        """,
        [task, name],
    ).fetchall()
    recipe, drawn = json.loads(parameters), ""
    # a former version may not say it
    if "training_user_count" in recipe:
        drawn = " of {training_user_count:,} users (a hash draws at most {learning_users_max:,})".format(**recipe)
    parts = [
        f"<h2>{escape(task)}</h2><p>{escape(description)}.</p>",
        f"<p>Live: <b>{escape(name)}</b>, version <code>{version}</code> "
        f"({escape(reason)}; best baseline: {escape(baseline or 'none')}).</p>",
        f"<p>Learnt from {rows:,} rows{drawn} as of {first} to {last}; reads {features} "
        "features, listed in evaluation.estimator_registry.</p>",
        calibration(recipe),
    ]
    if metrics:
        head = ["metric", "test", "from", "to", "baseline", "reached"]
        parts += ["<h3>On the test dates</h3>", table(head, metrics)]
    if bins:
        parts.append("<h3>Probability said, and rate that came</h3>")
        parts.append(reliability_plot(bins))
    return "\n".join(parts) + LIMITS


def cards(warehouse: Path) -> str:
    """Write the cards of a database, one below the other."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        entries = connection.execute("""
            select
                task, description, estimator_name, estimator_version, status_reason,
                best_baseline_name, first_as_of_date, last_as_of_date,
                training_row_count, json_array_length(feature_names), parameters
            from evaluation.estimator_registry
            inner join seeds.learning_tasks using (task)
            where status = 'champion'
            order by task
        """).fetchall()
        written = [card(connection, entry) for entry in entries]
    return "\n".join(written) or "<p>No estimator is live.</p>"
