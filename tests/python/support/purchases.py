"""Histories of purchases: CDNOW's, and simulated ones."""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from precision_marketing.value.dated_models import ValueSettings
from support.variables import VARS

SETTINGS = replace(ValueSettings.from_meta(VARS), draws=60)


def cdnow_file(name: str) -> Path:
    """Return a file inside the package lifetimes, which nothing imports."""
    package = importlib.util.find_spec("lifetimes")
    assert package is not None, "lifetimes is not installed: it holds the CDNOW data"
    return Path(package.submodule_search_locations[0]) / "datasets" / name


def cdnow_days(name: str, user_column: int, skipped_lines: int) -> pd.DataFrame:
    """Return one row per customer and day with a purchase: user_id, day, amount."""
    fields = [line.split() for line in cdnow_file(name).read_text().splitlines()[skipped_lines:]]
    lines = pd.DataFrame(
        {
            "user_id": [field[user_column] for field in fields],
            "day": pd.to_datetime([field[-3] for field in fields], format="%Y%m%d"),
            "amount": [float(field[-1]) for field in fields],
        }
    )
    return lines.groupby(["user_id", "day"], as_index=False)["amount"].sum()


def purchases_at(
    days: pd.DataFrame, dates: list[pd.Timestamp], settings: ValueSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say in pandas what the SQL of ftr_user__purchases and ..._ahead says."""
    end = max(dates)
    days = days.sort_values(["user_id", "day"]).assign(gap=lambda rows: rows.groupby("user_id")["day"].diff().dt.days)
    tables, aheads = [], []
    for date in dates:
        past = days[days["day"] < date]
        table = past.groupby("user_id").agg(
            first=("day", "min"),
            last=("day", "max"),
            purchase_day_count=("day", "size"),
            mean_day_amount=("amount", "mean"),
            last_day_amount=("amount", "last"),
            largest_day_amount=("amount", "max"),
            last_gap_days=("gap", "last"),
            longest_gap_days=("gap", "max"),
        )
        table["repeat_day_count"] = table["purchase_day_count"] - 1
        table["recency_days"] = (table["last"] - table["first"]).dt.days
        table["age_days"] = (date - table["first"]).dt.days - 1
        for length in (28, 56, 91):
            recent = past[past["day"] >= date - pd.Timedelta(days=length)]
            summed = recent.groupby("user_id")["amount"].agg(["size", "sum"])
            summed = summed.reindex(table.index).fillna(0)
            table[f"active_day_count_{length}d"] = summed["size"]
            table[f"net_amount_{length}d"] = summed["sum"]
        table = table.drop(columns=["first", "last"]).reset_index()
        table = table.assign(first_order_id=table["user_id"], is_acquired=True, as_of_date=date)
        ahead = table[["user_id", "first_order_id", "as_of_date"]].copy()
        for name, length in (("window", settings.window_days), ("test", settings.test_days)):
            until = date + pd.Timedelta(days=length)
            later = days[(days["day"] >= date) & (days["day"] < until)]
            summed = later.groupby("user_id")["amount"].agg(["size", "sum"])
            summed = summed.reindex(table["user_id"]).fillna(0).to_numpy()
            ahead[f"day_count_in_{name}"] = summed[:, 0] if until <= end else np.nan
            ahead[f"net_amount_in_{name}"] = summed[:, 1] if until <= end else np.nan
        tables.append(table)
        aheads.append(ahead)
    return pd.concat(tables, ignore_index=True), pd.concat(aheads, ignore_index=True)


def histories(days: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Frequency, recency and age in weeks, as the published fits count them."""
    span = days[days["day"] < until].groupby("user_id")["day"].agg(["min", "max", "size"])
    last_day = until - pd.Timedelta(days=1)
    return pd.DataFrame(
        {
            "frequency": span["size"] - 1,
            "recency": (span["max"] - span["min"]).dt.days / 7,
            "age": (last_day - span["min"]).dt.days / 7,
        }
    )


def simulated(seed: int, users: int) -> dict[str, np.ndarray]:
    """Users who live and buy as BG/NBD and Gamma-Gamma say, and what comes next.

    Times are days; ages lie between 100 and 300, the future is 100 days long.
    """
    random = np.random.default_rng(seed)
    rate = random.gamma(0.9, 1 / 20, users)
    stop = random.beta(0.8, 4.0, users)
    scale = 1 / random.gamma(4.0, 1 / 60.0, users)
    age = random.uniform(100, 300, users)
    table = {name: np.zeros(users) for name in ("frequency", "recency", "ahead")}
    table |= {"age": age, "value": np.zeros(users), "spent": np.zeros(users)}
    table["is_alive"] = np.ones(users, bool)
    for user in range(users):
        worths, time, stopped = [random.gamma(6.0, scale[user])], 0.0, False
        while not stopped:
            time += random.exponential(1 / rate[user])
            if time > age[user] + 100:
                break
            worth = random.gamma(6.0, scale[user])
            if time <= age[user]:
                worths.append(worth)
                table["frequency"][user] += 1
                table["recency"][user] = time
            else:
                table["ahead"][user] += 1
                table["spent"][user] += worth
            stopped = random.random() < stop[user]
            if stopped and time <= age[user]:
                table["is_alive"][user] = False
        table["value"][user] = np.mean(worths)
    return table


def simulated_days(seed: int, users: int = 400) -> pd.DataFrame:
    """Days of purchases of users who come over two thirds of 400 days."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01")
    rows = []
    for user in range(users):
        time, rate, stop = random.uniform(0, 260), random.gamma(0.9, 1 / 15), 0.08
        scale = 1 / random.gamma(4.0, 1 / 60.0)
        while time < 400:
            day = start + pd.Timedelta(days=int(time))
            rows.append((f"u{user:04}", day, random.gamma(6.0, scale)))
            time += 1 + random.exponential(1 / rate)
            if random.random() < stop:
                break
    days = pd.DataFrame(rows, columns=["user_id", "day", "amount"])
    return days.groupby(["user_id", "day"], as_index=False)["amount"].sum()


@functools.cache
def simulated_tables(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    scoring = pd.Timestamp("2024-01-01") + pd.Timedelta(days=400)
    offsets = [0, 84, *range(56, 300, 28)]
    dates = [scoring - pd.Timedelta(days=days) for days in sorted(set(offsets))]
    return purchases_at(simulated_days(seed), dates, SETTINGS)
