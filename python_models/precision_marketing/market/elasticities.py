"""Own-price elasticities: Poisson regressions with effects of product and place, and of place and week."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import t as student

from precision_marketing.common.threads import use_one_thread

SCHEMA = pa.schema(
    {
        "category": pa.string(),
        "product_count": pa.int64(),
        "moved_product_count": pa.int64(),
        "cell_count": pa.int64(),
        "elasticity": pa.float64(),
        "elasticity_low": pa.float64(),
        "elasticity_high": pa.float64(),
    }
)
# A price that far from the usual one has moved.
MOVED = 0.02
LEVEL = 0.95
MOST_STEPS, MOST_SWEEPS = 100, 500
TOLERANCE = 1e-6


class Slope(NamedTuple):
    """A slope, its standard error, and of how many clusters that is."""

    value: float
    error: float
    cluster_count: int


@dataclass(frozen=True)
class Cells:
    """Counts with two effects each.

    Parameters
    ----------
    units : numpy.ndarray of float, shape (cells,)
        0 or more.
    log_price : numpy.ndarray of float, shape (cells,)
        Of the price over the usual one.
    effects : list of numpy.ndarray of int, each of shape (cells,)
        Which product and place, which place and week a cell is of.
    clusters : numpy.ndarray of int, shape (cells,)
        Which product.
    """

    units: np.ndarray
    log_price: np.ndarray
    effects: list[np.ndarray]
    clusters: np.ndarray

    def telling(self) -> "Cells":
        """Leave out cells whose product and place, or place and week, sold nothing: their effect explains all."""
        kept = np.ones(len(self.units), dtype=bool)
        while True:
            before = kept.sum()
            for effect in self.effects:
                kept &= np.bincount(effect, weights=self.units * kept)[effect] > 0
            if kept.sum() == before:
                return Cells(
                    self.units[kept],
                    self.log_price[kept],
                    [_numbered(effect[kept]) for effect in self.effects],
                    _numbered(self.clusters[kept]),
                )


def _numbered(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1]


def _within(values: np.ndarray, weights: np.ndarray, effects: list[np.ndarray]) -> np.ndarray:
    """Take the weighted means of each effect out, in turns, until none is left."""
    totals = [np.bincount(effect, weights=weights) for effect in effects]
    for _ in range(MOST_SWEEPS):
        before = values
        for effect, total in zip(effects, totals, strict=True):
            values = values - (np.bincount(effect, weights=weights * values) / total)[effect]
        if np.abs(values - before).max() < TOLERANCE:
            break
    return values


def slope_of(cells: Cells) -> Slope | None:
    """Return by how many per cent units change as the price does by one; None where nothing tells.

    Iterated weighted least squares; both effects are taken out by alternating projections (Correia, Guimaraes and
    Zylkin, 2020). The error is clustered by product.

    Parameters
    ----------
    cells : Cells
        Of one category.
    """
    cells = cells.telling()
    clusters = len(np.unique(cells.clusters))
    if clusters < 2 or not np.ptp(cells.log_price):
        return None
    expected = (cells.units + cells.units.mean()) / 2
    linear, slope = np.log(expected), 0.0
    # what is left of both once the effects are out: where the next step begins
    working, price, former = linear, cells.log_price, linear
    for _ in range(MOST_STEPS):
        found_working = linear + (cells.units - expected) / expected
        working = _within(working + found_working - former, expected, cells.effects)
        price = _within(price, expected, cells.effects)
        information = float(expected @ price**2)
        if information < TOLERANCE:
            return None
        found = float((expected * price) @ working) / information
        linear, former = found_working - (working - price * found), found_working
        expected = np.exp(np.clip(linear, -30, 30))
        is_settled, slope = abs(found - slope) < TOLERANCE, found
        if is_settled:
            break
    else:
        return None
    scores = np.bincount(cells.clusters, weights=price * (cells.units - expected))
    error = np.sqrt((scores**2).sum() * clusters / (clusters - 1)) / information
    return Slope(slope, float(error), clusters)


def price_elasticities(cells: pd.DataFrame) -> pa.Table:
    """Measure each category.

    Parameters
    ----------
    cells : pandas.DataFrame
        A row per product, place and week: ``category``, ``product_id``, ``location_id``,
        ``week_start_date``, ``units``, ``price_ratio`` (above 0).

    Returns
    -------
    pyarrow.Table
        Columns `SCHEMA`; the elasticity and the ends of its 95 % interval (Student's t, by products) are null where
        no price moved.
    """
    use_one_thread()
    cells = cells.sort_values(["category", "product_id", "location_id", "week_start_date"], ignore_index=True)
    found = [_measured(category, own) for category, own in cells.groupby("category", sort=True)]
    return pa.Table.from_pylist(found, schema=SCHEMA)


def _measured(category: str, cells: pd.DataFrame) -> dict[str, object]:
    """Return the row of one category."""
    ratio = cells["price_ratio"].to_numpy(dtype=float)
    moved = cells.loc[np.abs(ratio - 1) >= MOVED, "product_id"]
    row: dict[str, object] = {
        "category": category,
        "product_count": cells["product_id"].nunique(),
        "moved_product_count": moved.nunique(),
        "cell_count": len(cells),
    }
    if moved.empty:
        return row
    effects = [
        cells.groupby(names).ngroup().to_numpy()
        for names in (["product_id", "location_id"], ["location_id", "week_start_date"])
    ]
    clusters = cells.groupby("product_id").ngroup().to_numpy()
    slope = slope_of(Cells(cells["units"].to_numpy(dtype=float), np.log(ratio), effects, clusters))
    if slope is None:
        return row
    reach = float(student.ppf((1 + LEVEL) / 2, slope.cluster_count - 1)) * slope.error
    return row | {
        "elasticity": slope.value,
        "elasticity_low": slope.value - reach,
        "elasticity_high": slope.value + reach,
    }
