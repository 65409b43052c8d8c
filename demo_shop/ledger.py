"""Keeps the stock of the synthetic shop: day by day, who gets what there is, and what is ordered.

What is left in the evening decides what is sold the next day, so days are folded one after
the other, over arrays of all products and places: `cells`, numbered as in steps/supply.sql.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

Columns = dict[str, np.ndarray]

# About so many lines are in memory at a time.
CHUNK_LINES = 1_000_000
# Days of sales that orders follow, and weeks that the planner's guess counts as.
MEAN_DAYS, GUESS_WEEKS = 56, 2
REVIEW_DAYS = 7
# Of the units expected until the order after next can arrive, those that an order fills up to.
COVER_FACTOR = 1.5
# Chance a day that a unit breaks or is stolen.
BREAKAGE = 0.0005

_LINES = """
    select
        line_key,
        cast(wanted_number * len(getvariable('locations')) + location_number as integer) as cell,
        cast(day as integer) as day,
        cast(wanted_units as integer) as units,
        cast(coalesce(back_day, -1) as integer) as back_day,
        ordered_second as second,
        line_number = 1 as is_first,
        takes_substitute
    from wanted_lines
    where not is_service
"""
_DRAWS = """
    select
        uniform('breakage', cell_number, day) as breakage,
        -- a delivery is up to three days early or late
        cast(greatest(
            1, lead_time_days + number_below(7, uniform('delay', cell_number, day)) - 3
        ) as integer) as arrival_days
    from range(cast($1 as bigint), cast($2 as bigint)) as days (day)
    cross join supply
    order by day, cell_number
"""


def keep_ledger(connection: duckdb.DuckDBPyConnection) -> int:
    """Serve the lines of `wanted_lines` from stock; return the rows of `ledger`.

    Makes `ledger`, a row per product, place and day on sale, `short_lines`, a row per
    order line that did not get all it asked for, and `deliveries`, a row per order to a
    supplier.
    """
    days, first_weekday, places, per_category, lines_per_day = connection.execute("""
        select
            getvariable('days'), getvariable('first_weekday'), len(getvariable('locations')),
            getvariable('products_per_category'), sum(goods_lines) / getvariable('days')
        from visits
        where is_order
    """).fetchone()
    cells = connection.execute("select * from supply order by cell_number").fetchnumpy()
    stock = Stock(cells, days, places, per_category)
    chunk_days = 1 + int(CHUNK_LINES / (lines_per_day or 1))
    for first_day in range(0, days, chunk_days):
        chunk = [first_day, min(days, first_day + chunk_days)]
        _choose_days(connection, *chunk)
        lines = connection.execute(_LINES).fetchnumpy()
        lines = _take(lines, np.argsort(lines["day"], kind="stable"))
        draws = connection.execute(_DRAWS, chunk).fetchnumpy()
        stock.expect_back(lines)
        bounds = np.searchsorted(lines["day"], range(chunk[0], chunk[1] + 1))
        for number, day in enumerate(range(*chunk)):
            drawn = _take(draws, slice(number * stock.size, (number + 1) * stock.size))
            is_monday = (day + first_weekday) % REVIEW_DAYS == 0
            stock.live(day, _take(lines, slice(bounds[number], bounds[number + 1])), drawn, orders=is_monday)
        for table, kept in stock.kept.items():
            _store(connection, table, kept, is_new=first_day == 0)
            kept.clear()
    _choose_days(connection, 0, days)
    return connection.execute("select count(*) from ledger").fetchone()[0]


def _choose_days(connection: duckdb.DuckDBPyConnection, first_day: int, end_day: int) -> None:
    """Say of which days `wanted_lines` holds the lines."""
    connection.execute("set variable lines_from = $1", [first_day])
    connection.execute("set variable lines_until = $1", [end_day])


class Stock:
    """Units of every cell from day to day.

    Parameters
    ----------
    cells : dict of str to numpy.ndarray
        Columns of `supply`, by `cell_number`.
    days : int
        Days of the shop.
    places : int
        Places per product, whose cells follow each other.
    per_category : int
        Products per category, whose numbers follow each other.
    """

    def __init__(self, cells: Columns, days: int, places: int, per_category: int) -> None:
        self.cells, self.days, self.places, self.per_category = cells, days, places, per_category
        self.size = len(cells["cell_number"])
        self.on_hand, self.on_order = (np.zeros(self.size, np.int64) for _ in range(2))
        # per day what arrives, comes back and was sold; and all that came until it
        self.arriving, self.back, self.sold, self.came = (np.zeros((days, self.size), np.int32) for _ in range(4))
        self.gone = np.zeros(self.size, np.int64)
        self.kept: dict[str, list[Columns]] = {"ledger": [], "short_lines": [], "deliveries": []}
        self._fill_shelves()

    def expect_back(self, lines: Columns) -> None:
        """Note which units of lines come back, if all get what they ask for."""
        is_back = (lines["back_day"] >= 0) & (lines["back_day"] < self.days)
        np.add.at(self.back, (lines["back_day"][is_back], lines["cell"][is_back]), lines["units"][is_back])

    def live(self, day: int, lines: Columns, drawn: Columns, *, orders: bool) -> None:
        """Sell what is asked for on a day, as far as it is there, and write off what is lost."""
        opening, on_order = self.on_hand.copy(), self.on_order.copy()
        if orders:
            self._order(day, drawn["arrival_days"])
        arrived, back = self.arriving[day], self.back[day]
        self.on_order -= arrived
        there = opening + arrived + back
        wanted = np.bincount(lines["cell"], lines["units"], self.size).astype(np.int64)
        left = there - np.minimum(wanted, there)
        substitutes, substituted = self._serve(lines, there, wanted > there, left)
        self.sold[day] = np.minimum(wanted, there) + substitutes
        self.came[day] = (self.came[day - 1] if day else opening) + arrived + back
        self.gone += self.sold[day]
        written_off = self._written_off(day, left, drawn["breakage"])
        self.gone += written_off
        self.on_hand = left - written_off
        kept = np.flatnonzero(self.cells["start_day"] <= day)
        columns = {
            "opening_units": opening,
            "delivered_units": arrived,
            "returned_units": back,
            "wanted_units": wanted,
            "sold_units": self.sold[day],
            "substitute_units": substitutes,
            "substituted_units": substituted,
            "lost_units": np.maximum(wanted - there, 0) - substituted,
            "written_off_units": written_off,
            "closing_units": self.on_hand,
            "on_order_units": on_order,
        }
        row = {name: values[kept].astype(np.int32) for name, values in columns.items()}
        self.kept["ledger"].append({"cell_number": kept.astype(np.int32), "day": np.full(len(kept), day), **row})

    def _order(self, day: int, arrival_days: np.ndarray) -> None:
        """Order up to a multiple of the mean sales of the last weeks."""
        cells = self.cells
        seen_weeks = np.clip(day - cells["start_day"], 0, MEAN_DAYS) / 7
        sold = self.sold[max(0, day - MEAN_DAYS) : day].sum(axis=0)
        weekly = (sold + GUESS_WEEKS * cells["weekly_units"]) / (seen_weeks + GUESS_WEEKS)
        target = COVER_FACTOR * weekly * (cells["lead_time_days"] + REVIEW_DAYS) / 7
        missing = target - self.on_hand - self.on_order
        asks = (missing > 0) & (cells["start_day"] <= day)
        self._place(asks, self._packed(missing), np.full(self.size, day), day + arrival_days)
        self.on_order[asks] += self._packed(missing)[asks]

    def _fill_shelves(self) -> None:
        """Begin with part of what an order would fill up to; new products get it on their first day."""
        cells = self.cells
        cover = COVER_FACTOR * cells["weekly_units"] * (cells["lead_time_days"] + REVIEW_DAYS) / 7
        first = self._packed(np.maximum(cells["opening_share"] * cover, 1))
        is_old = cells["start_day"] == 0
        self.on_hand = np.where(is_old, first, 0).astype(np.int64)
        self._place(~is_old, first, cells["start_day"] - cells["lead_time_days"], cells["start_day"])
        self.on_order = np.where(is_old, 0, first).astype(np.int64)

    def _packed(self, units: np.ndarray) -> np.ndarray:
        """Return whole packs, at least the minimum."""
        pack = self.cells["pack_size"]
        return (np.ceil(np.maximum(units, self.cells["minimum_order"]) / pack) * pack).astype(np.int64)

    def _place(self, asks: np.ndarray, units: np.ndarray, ordered: np.ndarray, arrives: np.ndarray) -> None:
        """Note orders, and their arrival if it is within the days of the shop."""
        cells = np.flatnonzero(asks)
        orders = {"cell_number": cells, "units": units[cells], "ordered_day": ordered[cells], "day": arrives[cells]}
        self.kept["deliveries"].append({name: values.astype(np.int32) for name, values in orders.items()})
        within = cells[arrives[cells] < self.days]
        np.add.at(self.arriving, (arrives[within], within), units[within])

    def _serve(
        self, lines: Columns, there: np.ndarray, is_short: np.ndarray, left: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Share out what is too little, first come first served; who gets none may take another product.

        Returns the units sold in place of others, and the units in whose place others
        were sold, by cell; takes the former from `left`.
        """
        substitutes, substituted = (np.zeros(self.size, np.int64) for _ in range(2))
        lines = _take(lines, is_short[lines["cell"]])
        lines = _take(lines, np.lexsort((lines["line_key"], lines["second"])))
        got = _share(lines["cell"], lines["units"], there)
        is_cut = got < lines["units"]
        lines, got = _take(lines, is_cut), got[is_cut]
        # what does not go out does not come back
        self._change_back(lines["back_day"], lines["cell"], got - lines["units"])
        sold_cell = lines["cell"].copy()
        wishes = np.flatnonzero((got == 0) & lines["takes_substitute"])
        for is_needed in (False, True):
            while len(wishes):
                other = self._substitutes(lines["cell"][wishes], left, is_needed=is_needed)
                tried, other = wishes[other >= 0], other[other >= 0]
                units = _share(other, lines["units"][tried], left)
                if not units.any():
                    break
                np.subtract.at(left, other, units)
                np.add.at(substitutes, other, units)
                np.add.at(substituted, lines["cell"][tried], units)
                self._change_back(lines["back_day"][tried], other, units)
                sold_cell[tried], got[tried] = other, units
                wishes = wishes[got[wishes] == 0]
            # an order keeps its first line
            wishes = wishes[lines["is_first"][wishes]]
        self.kept["short_lines"].append(
            {
                "line_key": lines["line_key"],
                "sold_units": got.astype(np.int32),
                "sold_number": (sold_cell // self.places).astype(np.int32),
            }
        )
        return substitutes, substituted

    def _substitutes(self, cells: np.ndarray, left: np.ndarray, *, is_needed: bool) -> np.ndarray:
        """Return per cell the next product of its category that is there, after the last the first; -1 if none is.

        Where one is needed, any product of the place will do.
        """
        shelf = left.reshape(1 if is_needed else -1, -1 if is_needed else self.per_category, self.places)
        numbers = np.arange(self.size).reshape(shelf.shape)
        found = np.where(shelf > 0, numbers, self.size)
        following = np.minimum.accumulate(found[:, ::-1], axis=1)[:, ::-1]
        following = np.where(following < self.size, following, found.min(axis=1, keepdims=True)).reshape(-1)
        return np.where(following < self.size, following, -1)[cells]

    def _change_back(self, back_day: np.ndarray, cells: np.ndarray, units: np.ndarray) -> None:
        is_back = (back_day >= 0) & (back_day < self.days)
        np.add.at(self.back, (back_day[is_back], cells[is_back]), units[is_back])

    def _written_off(self, day: int, left: np.ndarray, breakage: np.ndarray) -> np.ndarray:
        """Return what breaks, and what is as old as its shelf life: the oldest units are sold first."""
        broken = breakage < BREAKAGE * left
        life = self.cells["shelf_life_days"]
        born = np.maximum(day - life, 0)
        old = np.where((life > 0) & (day >= life), self.came[born, np.arange(self.size)] - self.gone, 0)
        return np.minimum(np.maximum(broken, old), left)


def _share(cells: np.ndarray, units: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return what each line gets of what is there in its cell, the first line first."""
    by_cell = np.argsort(cells, kind="stable")
    cells, units = cells[by_cell], units[by_cell].astype(np.int64)
    before = np.cumsum(units) - units
    before -= before[np.searchsorted(cells, cells)]
    got = np.empty(len(cells), np.int64)
    got[by_cell] = np.clip(there[cells] - before, 0, units)
    return got


def _take(columns: Columns, chosen: np.ndarray | slice) -> Columns:
    return {name: values[chosen] for name, values in columns.items()}


def _store(connection: duckdb.DuckDBPyConnection, table: str, parts: list[Columns], *, is_new: bool) -> None:
    """Make a table of rows, or add them to it."""
    if not parts:
        return
    rows = pa.table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    connection.register("stored", rows)
    connection.execute(
        f"{'create or replace temp table' if is_new else 'insert into'} {table} {'as' if is_new else ''} from stored"
    )
    connection.unregister("stored")
