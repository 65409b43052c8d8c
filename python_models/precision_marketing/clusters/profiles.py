"""The chosen clusters: fitted, named, described, and each user's."""

import json

import numpy as np
import pandas as pd

from precision_marketing.clusters.features import shape_values
from precision_marketing.clusters.fits import ClusterSettings, Fit, Users, fit_clusters
from precision_marketing.common.frames import Panel, typed

# A name takes the two features that set a cluster apart most, if by half a standard
# deviation, which Cohen (1988) calls a medium effect; more only to tell namesakes
# apart.
NAME_WORDS = 2
LEAST_DIFFERENCE = 0.5
NOTHING_SPECIAL = "middling"
FIT_COLUMNS = {
    "cluster_method": "string",
    "fit": "string",
    "cluster_count": "int64",
    "user_count": "int64",
    "as_of_date": "datetime64[us]",
}
USER_COLUMNS = {
    "cluster_method": "string",
    "user_id": "string",
    "cluster_name": "string",
    "cluster_number": "int64",
    "distance_to_centre": "float64",
    "membership_probability": "float64",
    "as_of_date": "datetime64[us]",
}
PROFILE_COLUMNS = {
    "cluster_method": "string",
    "cluster_name": "string",
    "feature_name": "string",
    "feature_group": "string",
    "cluster_number": "int64",
    "user_count": "int64",
    "feature_mean": "float64",
    "overall_mean": "float64",
    "standardised_difference": "float64",
    "as_of_date": "datetime64[us]",
}


def fit_chosen(
    panel: Panel, features: pd.DataFrame, stability: pd.DataFrame, settings: ClusterSettings
) -> pd.DataFrame:
    """Fit the chosen number of clusters on the rows to score, and name them.

    Parameters
    ----------
    panel, features, settings
        As `judge_cluster_counts` takes them.
    stability : pandas.DataFrame
        What it returned.

    Returns
    -------
    pandas.DataFrame
        Columns `FIT_COLUMNS`, one row per method; ``fit`` is a `Fit` as JSON.
    """
    today = panel.of_split("score")
    chosen = stability[stability["is_chosen"]].drop_duplicates("cluster_method")
    parts = []
    for entry in chosen.itertuples():
        users = Users.of(today, features)
        count = int(entry.cluster_count)
        if not users.can_hold(count):
            continue
        fit = fit_clusters(users, entry.cluster_method, count, settings, settings.seed)
        labels, _, _ = fit.assign(users.values)
        profile = _profile(today.features, labels, len(fit.centres), features)
        named = {**vars(fit), "names": _names(profile, features)}
        parts.append(
            pd.DataFrame(
                {
                    "cluster_method": [entry.cluster_method],
                    "fit": [json.dumps(named)],
                    "cluster_count": [len(fit.centres)],
                    "user_count": [len(today.rows)],
                    "as_of_date": [today.rows["as_of_date"].iloc[0]],
                }
            )
        )
    return typed(parts, FIT_COLUMNS)


def cluster_users(panel: Panel, fits: pd.DataFrame) -> pd.DataFrame:
    """Say which cluster each user of today belongs to; nothing is fitted.

    Parameters
    ----------
    panel : Panel
        ``lbl_user`` and ``ftr_user__snapshot``.
    fits : pandas.DataFrame
        Output of `fit_chosen`.

    Returns
    -------
    pandas.DataFrame
        Columns `USER_COLUMNS`, one row per method and user to score. Clusters are
        numbered from 1, the largest when they were fitted.

    Raises
    ------
    ValueError
        If the panel lacks a feature that the clusters were fitted on.
    """
    today = panel.of_split("score")
    rows = today.rows
    parts = []
    for entry in fits.itertuples():
        fit = Fit(**json.loads(entry.fit))
        if rows.empty:
            continue
        shaped = shape_values(today.features, pd.DataFrame(fit.features))
        labels, distances, chances = fit.assign(fit.values(shaped))
        parts.append(
            pd.DataFrame(
                {
                    "cluster_method": entry.cluster_method,
                    "user_id": rows["user_id"],
                    "cluster_name": [fit.names[label] for label in labels],
                    "cluster_number": labels + 1,
                    "distance_to_centre": distances,
                    "membership_probability": chances,
                    "as_of_date": rows["as_of_date"],
                }
            )
        )
    return typed(parts, USER_COLUMNS)


def profile_clusters(panel: Panel, clusters: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Describe the clusters of today by the mean of each feature.

    Parameters
    ----------
    panel : Panel
        ``lbl_user`` and ``ftr_user__snapshot``.
    clusters : pandas.DataFrame
        Output of `cluster_users`.
    features : pandas.DataFrame
        Output of `expand_features`.

    Returns
    -------
    pandas.DataFrame
        Columns `PROFILE_COLUMNS`, one row per method, cluster with a user and feature.
        Means are in the feature's own unit, rows without a value left out;
        ``standardised_difference`` is that of the means after `shape_values`, in
        standard deviations of all users, NaN where nothing varies.
    """
    today = panel.of_split("score")
    parts = []
    for method, members in clusters.groupby("cluster_method", sort=True):
        shown = today.rows.merge(members[["user_id", "cluster_number", "cluster_name"]], on="user_id")
        is_shown = today.rows["user_id"].isin(members["user_id"]).to_numpy(bool)
        names = shown.drop_duplicates("cluster_number").set_index("cluster_number")
        labels = shown["cluster_number"].to_numpy() - 1
        profile = _profile(today.where(is_shown).features, labels, int(names.index.max()), features)
        profile["cluster_name"] = profile["cluster_number"].map(names["cluster_name"])
        profile["as_of_date"] = shown["as_of_date"].iloc[0]
        parts.append(profile.assign(cluster_method=method))
    found = typed(parts, PROFILE_COLUMNS)
    return found[found["user_count"] > 0].reset_index(drop=True)


def _profile(rows: pd.DataFrame, labels: np.ndarray, count: int, features: pd.DataFrame) -> pd.DataFrame:
    shaped = shape_values(rows, features)
    raw = rows[list(shaped.columns)].astype("Float64").astype(float)
    spreads = shaped.std(ddof=0)
    parts = []
    for number in range(count):
        own = labels == number
        difference = shaped[own].mean() - shaped.mean()
        parts.append(
            pd.DataFrame(
                {
                    "feature_name": features["feature_name"].to_numpy(),
                    "feature_group": features["feature_group"].to_numpy(),
                    "cluster_number": number + 1,
                    "user_count": int(own.sum()),
                    "feature_mean": raw[own].mean().to_numpy(),
                    "overall_mean": raw.mean().to_numpy(),
                    "standardised_difference": (difference / spreads.where(spreads > 1e-12)).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _names(profile: pd.DataFrame, features: pd.DataFrame) -> list[str]:
    """Name clusters by what sets them apart, in order of their numbers, each once."""
    words = features.set_index("feature_name")
    phrases = []
    for _, rows in profile.groupby("cluster_number"):
        difference = rows.set_index("feature_name")["standardised_difference"].dropna()
        # rounded, so that the last bits of a mean cannot order two words
        order = difference.round(9).abs().sort_values(ascending=False, kind="stable")
        phrases.append(
            [
                (words.loc[name, "high_words" if value > 0 else "low_words"], abs(value) >= LEAST_DIFFERENCE)
                for name, value in difference[order.index].items()
            ]
        )
    lengths = [min(NAME_WORDS, sum(large for _, large in own)) for own in phrases]
    while True:
        names = [
            ", ".join(word for word, _ in own[:length]) or NOTHING_SPECIAL
            for own, length in zip(phrases, lengths, strict=True)
        ]
        again = [names.count(name) > 1 for name in names]
        longer = [
            length + (twice and length < len(own)) for own, length, twice in zip(phrases, lengths, again, strict=True)
        ]
        if longer == lengths:
            break
        lengths = longer
    # the same words in the same order for all features: by size, as numbered
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[position] = f"{name} ({seen[name]})"
    return names
