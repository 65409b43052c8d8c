"""Judge rules of ordering on the synthetic shop: `python -m tests.benchmarks.bench_reorder`.

The shop knows what was wanted. Generates one, forecasts its demand from each of its last 26
weeks, and replays the units wanted of every product and place under two rules, on the same
days of delivery: an order up to a multiple of the moving mean, and one up to the quantile of
`reorder_plan`. What is wanted and not there is lost; nothing comes back or expires. Prints
what is lost at equal mean stock; asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from demo_shop.shop import make_shop
from operations.places import PROJECT_FOLDER
from tests.simulation.rules import KEY

DAYS, ORIGINS, WARM_UP_DAYS = 540, 26, 35
FACTORS = (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.25, 2.5, 3, 3.5, 4)
LEVELS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99)
# Levels that demand.dem_cover_spreads holds; straight lines lie between.
KNOTS = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99)
# What the rules know, in each week and for each product and place. A cell that sells too
# rarely for a forecast of its own is expected to go on as in half a year.
KNOWN = """
    with origins as (
        select distinct origin_week from demand.dem_origins where split_name = 'test'
    ),
    means as (
        select
            sales.product_id,
            sales.location_id,
            origins.origin_week,
            sum(sales.units) filter (sales.week_number >= origins.origin_week - 8) / 8 as mean_8,
            sum(sales.units) / 26 as mean_26
        from origins
        inner join demand.dem_place_sales as sales
            on sales.week_number between origins.origin_week - 26 and origins.origin_week - 1
        group by all
    ),
    expected as (
        select
            stock.*,
            origins.origin_week,
            (stock.lead_time_days + stock.review_days) / 7 as weeks,
            covers.expected_units is not null as is_forecast,
            coalesce(covers.expected_units, means.mean_26 * weeks, 0) as expected_units,
            coalesce(covers.baseline_units, means.mean_8 * weeks, 0) as product_units,
            coalesce(means.mean_8 * weeks, 0) as place_units,
            cast(greatest(least(floor(log2(greatest(expected_units, 0.001))), 7), -4) as bigint) as size_class
        from demand.dem_stock as stock
        cross join origins
        left join means using (product_id, location_id, origin_week)
        left join demand.dem_covers as covers
            on
                covers.split_name = 'test'
                and covers.forecast_level = 'product_place'
                and covers.product_id = stock.product_id
                and covers.location_id = stock.location_id
                and covers.origin_week = origins.origin_week
                and covers.cover_weeks = (stock.lead_time_days + stock.review_days) / 7
    )
    select expected.*, {quantiles}
    from expected
    left join demand.dem_cover_spreads as spreads
        on
            spreads.used_for = 'test'
            and spreads.forecast_level = 'product_place'
            and spreads.cover_weeks = expected.weeks
            and spreads.size_class = expected.size_class
    semi join (
        select product_id, location_id from truth.stock_days
        group by all
        having min(stock_date) < (select min(stock_date) + 280 from truth.stock_days)
    ) as long_sold using (product_id, location_id)
    order by expected.product_id, expected.location_id, expected.origin_week
"""
PLACE_MEAN, PRODUCT_MEAN, QUANTILE = "mean of the place", "mean of the product", "quantile of the forecast"
# The normal law's, where there are no past errors, as macro normal_quantile has them.
NORMAL = {0.5: 0, 0.75: 0.6745, 0.9: 1.2816, 0.95: 1.6449, 0.98: 2.0537, 0.99: 2.3263}


@dataclass(frozen=True)
class Replay:
    """Cells, what each rule would order up to in each week, and what was wanted each day.

    Parameters
    ----------
    wanted : numpy.ndarray
        Units by day and cell, from the day of the first order on.
    lead_days : numpy.ndarray
        Days until an order arrives, by week and cell.
    pack_size, minimum_order : numpy.ndarray
        By cell.
    """

    wanted: np.ndarray
    lead_days: np.ndarray
    pack_size: np.ndarray
    minimum_order: np.ndarray

    def judge(self, targets: np.ndarray) -> tuple[float, float]:
        """Return mean units in stock, and the share of wanted units that is lost.

        Begins with what the first target says, all of it there.
        """
        weeks = len(targets)
        arriving = np.zeros((7 * weeks + 60, targets.shape[1]))
        on_hand, on_order = self._packed(targets[0]), np.zeros(targets.shape[1])
        stock = lost = wanted = 0.0
        for day in range(7 * weeks):
            if day % 7 == 0:
                missing = targets[day // 7] - on_hand - on_order
                units = np.where(missing > 1e-6, self._packed(missing), 0)
                np.add.at(arriving, (day + self.lead_days[day // 7], np.arange(len(units))), units)
                on_order += units
            on_hand += arriving[day]
            on_order -= arriving[day]
            sold = np.minimum(on_hand, self.wanted[day])
            if day >= WARM_UP_DAYS:
                stock += (on_hand - sold / 2).sum()
                lost += (self.wanted[day] - sold).sum()
                wanted += self.wanted[day].sum()
            on_hand -= sold
        return stock / (7 * weeks - WARM_UP_DAYS), lost / wanted

    def _packed(self, units: np.ndarray) -> np.ndarray:
        return np.ceil(np.maximum(units, self.minimum_order) / self.pack_size - 1e-9) * self.pack_size


def read(connection: duckdb.DuckDBPyConnection) -> tuple[Replay, dict[str, list[np.ndarray]]]:
    """Return what was wanted, and per rule its targets by level, week and cell."""
    quantiles = ", ".join(
        f"""coalesce(
            expected_units * ratio_q{round(100 * knot)},
            greatest(expected_units + {normal} * sqrt(expected_units + 0.25 * pow(expected_units, 2)), 0)
        ) as q{round(100 * knot)}"""
        for knot, normal in NORMAL.items()
    )
    known = connection.execute(KNOWN.format(quantiles=quantiles)).df()
    weeks = known["origin_week"].nunique()
    cells = known.groupby(["product_id", "location_id"], sort=True).first()
    shape = (len(cells), weeks)

    def column(name: str) -> np.ndarray:
        return known[name].to_numpy(dtype=float).reshape(shape).T

    draw = np.random.default_rng(1)
    lead_days = cells["lead_time_days"].to_numpy(dtype=int) + draw.integers(-3, 4, size=(weeks, len(cells)))
    wanted = connection.execute(
        """
        select days.product_id, days.location_id, days.wanted_units,
            days.stock_date - (scoring.scoring_date + 7 * $1) as day
        from truth.stock_days as days
        cross join (select distinct scoring_date from core.as_of_dates) as scoring
        """,
        [int(known["origin_week"].min())],
    ).df()
    wanted = wanted[(wanted["day"] >= 0) & (wanted["day"] < 7 * weeks)]
    by_day = np.zeros((7 * weeks, len(cells)))
    places = cells.index.get_indexer(wanted.set_index(["product_id", "location_id"]).index)
    by_day[wanted["day"].to_numpy(dtype=int)[places >= 0], places[places >= 0]] = wanted["wanted_units"][places >= 0]
    expected, spread = column("expected_units"), column("lead_time_spread_days")
    daily = expected / (7 * column("weeks"))
    knots = np.stack([column(f"q{round(100 * knot)}") for knot in KNOTS])

    def quantile(level: float) -> np.ndarray:
        above = max(1, int(np.searchsorted(KNOTS, level)))
        part = (level - KNOTS[above - 1]) / (KNOTS[above] - KNOTS[above - 1])
        units = knots[above - 1] + (knots[above] - knots[above - 1]) * part
        return expected + np.hypot(np.maximum(units - expected, 0), (4 * level - 2) * spread * daily)

    sys.stdout.write(
        f"{len(cells):,} products and places, {by_day.sum() / weeks / len(cells):.2f} units wanted of each a week; "
        f"{100 * known['is_forecast'].mean():.0f} % of their weeks have a forecast of their own\n"
    )
    return Replay(by_day, lead_days, cells["pack_size"].to_numpy(float), cells["minimum_order"].to_numpy(float)), {
        PLACE_MEAN: [factor * column("place_units") for factor in FACTORS],
        PRODUCT_MEAN: [factor * column("product_units") for factor in FACTORS],
        QUANTILE: [quantile(level) for level in LEVELS],
    }


def compare(found: dict[str, list[tuple[float, float]]]) -> str:
    """Return a line per service level: what is lost against either mean at equal mean stock."""
    lines = [
        f"{'level':>6}{'mean stock':>12}{'lost':>8}"
        + "".join(f"{'to ' + name:>26}" for name in found if name != QUANTILE)
    ]
    for level, (stock, lost) in zip(LEVELS, found[QUANTILE], strict=True):
        line = f"{level:>6}{stock:>12,.0f}{lost:>8.2%}"
        for name, judged in found.items():
            if name != QUANTILE:
                stocks, losses = zip(*judged, strict=True)
                line += f"{lost / np.exp(np.interp(stock, stocks, np.log(losses))):>26.3f}"
        lines.append(line)
    return "\n".join(lines)


def build(folder: Path, users: int, seed: int) -> Path:
    """Generate a shop and forecast its demand; return the database."""
    database = folder / "shop.duckdb"
    make_shop(folder / "shop", database, users=users, days=DAYS, seed=seed)
    environment = os.environ | {
        "SOURCE": "demo_shop",
        "SHOP_DIR": str(folder / "shop"),
        "WAREHOUSE": str(database),
        "PSEUDONYM_KEY": KEY,
        "VAULT_KEY": KEY,
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    selected = ["--select", "+stock_rule_results", "+reorder_plan"]
    untested = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    given = ["--vars", f"{{demand_test: {{origins: {ORIGINS}, weeks: 4}}}}"]
    subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", *selected, *untested, *given],
        cwd=PROJECT_FOLDER,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return database


def main() -> None:
    """Judge the rules in a shop made for it, or in the database of an earlier run."""
    parser = argparse.ArgumentParser("bench_reorder", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--database", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PROJECT_FOLDER / "warehouse") as folder:
        database = given.database or build(Path(folder), given.users, given.seed)
        with duckdb.connect(str(database), read_only=True) as connection:
            replay, rules = read(connection)
    found = {name: [replay.judge(targets) for targets in levels] for name, levels in rules.items()}
    sys.stdout.write(compare(found) + "\n")


if __name__ == "__main__":
    main()
