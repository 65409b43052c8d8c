"""What users are grouped by: features shaped, then scaled."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from precision_marketing.common.frames import PANEL_KEYS
from precision_marketing.estimators.families import signed_log


def expand_features(seed: pd.DataFrame, departments: pd.DataFrame) -> pd.DataFrame:
    """Write the row of the department shares once per department.

    Parameters
    ----------
    seed : pandas.DataFrame
        The seed ``cluster_features``.
    departments : pandas.DataFrame
        ``department`` and its ``department_slot``, as ``ftr_departments``.

    Returns
    -------
    pandas.DataFrame
        Columns of the seed, one row per feature.
    """
    slots = departments.sort_values("department_slot")
    rows = []
    for row in seed.to_dict("records"):
        if "{slot}" not in row["feature_name"]:
            rows.append(row)
            continue
        for department in slots.itertuples():
            words = {"slot": department.department_slot, "department": department.department.lower()}
            rows.append({name: text.format(**words) for name, text in row.items()})
    return pd.DataFrame(rows, columns=list(seed.columns))


def features_read(snapshot: Any, names: Iterable[str]) -> Any:
    """Keep the keys of a features table, and those features that clusters read.

    Parameters
    ----------
    snapshot : DuckDB relation or Spark frame
        The table ``ftr_user__snapshot``.
    names : iterable of str
        Of the features; one that the table lacks is said by `shape_values`.
    """
    wanted = {*PANEL_KEYS, *names}
    return snapshot.select(*[name for name in snapshot.columns if name in wanted])


def shape_values(rows: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Take the features and shorten their tails; what is missing stays NaN.

    Days, counts and amounts (group ``rfm``) by `signed_log`, shares (group ``taste``)
    by the square root, the Hellinger transform of Legendre and Gallagher (2001), so
    that departments hardly anyone buys from do not outweigh the others.

    Raises
    ------
    ValueError
        If the rows lack a feature of the seed ``cluster_features``, or a group is
        neither ``rfm`` nor ``taste``.
    """
    missing = sorted(set(features["feature_name"]) - set(rows.columns))
    if missing:
        raise ValueError(f"Clusters need features that the panel lacks: {', '.join(missing)}.")
    strange = sorted(set(features["feature_group"]) - {"rfm", "taste"})
    if strange:
        raise ValueError(f"Seed cluster_features: group {', '.join(strange)} is not rfm or taste.")
    values = rows[list(features["feature_name"])].astype("Float64").astype(float)
    is_share = (features["feature_group"] == "taste").to_numpy()
    shaped = np.where(is_share, np.sqrt(np.maximum(values, 0)), signed_log(values.to_numpy()))
    return pd.DataFrame(shaped, index=rows.index, columns=values.columns)


def scaled_features(shaped: pd.DataFrame, features: pd.DataFrame) -> list[dict]:
    """Learn how to fill, centre and scale the features that vary.

    Each feature of group ``rfm`` gets variance 1; those of group ``taste`` get
    variance 1 together, as they are parts of one whole: what a user buys then weighs as
    much as one of recency, frequency and money. No rotation: each axis stays a feature.
    """
    medians = shaped.median()
    filled = shaped.fillna(medians)
    spreads = filled.std(ddof=0)
    groups = features.set_index("feature_name")["feature_group"]
    varying = [name for name in shaped.columns if spreads[name] > 1e-12]
    together = np.sqrt(sum(spreads[name] ** 2 for name in varying if groups[name] == "taste"))
    return [
        {
            "feature_name": name,
            "feature_group": groups[name],
            "median": float(medians[name]),
            "centre": float(filled[name].mean()),
            "scale": float(spreads[name] if groups[name] == "rfm" else together),
        }
        for name in varying
    ]
