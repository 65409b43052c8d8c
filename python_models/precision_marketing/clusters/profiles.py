"""The chosen clusters: fitted, named, described, and each user's."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from precision_marketing.clusters.features import shape_values
from precision_marketing.clusters.fits import ClusterSettings, Fit, Users, fit_clusters
from precision_marketing.common.frames import Panel, begun, typed

# A name takes the two features that set a cluster apart most, if by half a standard
# deviation, which Cohen (1988) calls a medium effect; more only to tell namesakes
# apart.
NAME_WORDS = 2
LEAST_DIFFERENCE = 0.5
# A feature of less spread is the same for all users, but for rounding.
LEAST_SPREAD = 1e-12
NOTHING_SPECIAL = "middling"
FIT_COLUMNS = {
    "cluster_method": "string",
    "fit": "string",
    "cluster_count": "int64",
    "user_count": "int64",
    "as_of_date": "datetime64[us]",
}
USER_COLUMNS = {
    "cluster_method": pa.string(),
    "user_id": pa.string(),
    "cluster_name": pa.string(),
    "cluster_number": pa.int64(),
    "distance_to_centre": pa.float64(),
    "membership_probability": pa.float64(),
    "as_of_date": pa.timestamp("us"),
}
USER_SCHEMA = pa.schema(USER_COLUMNS)
# Per feature: users with a value, and sums of values, of shaped values and of their squares.
SUMS = ("known", "raw", "shaped", "squares")
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
    """Fit the chosen number of clusters on rows to score, and name them.

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
        sums = ClusterSums(features)
        sums.add(today.features, pd.DataFrame({"cluster_number": labels + 1}))
        profile = sums.profile(len(fit.centres))
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


def features_fitted(fits: pd.DataFrame) -> set[str]:
    """Name the features that the fits of `fit_chosen` read."""
    return {feature["feature_name"] for fit in fits["fit"] for feature in json.loads(fit)["features"]}


def cluster_users(panels: Iterable[Panel], fits: pd.DataFrame) -> pa.RecordBatchReader:
    """Say which cluster each user of today belongs to; nothing is fitted.

    Parameters
    ----------
    panels : iterable of Panel
        Rows of ``lbl_user`` to score and what `features_read` keeps of
        ``ftr_user__snapshot``, in pieces, of which one at a time is in memory.
    fits : pandas.DataFrame
        Output of `fit_chosen`.

    Returns
    -------
    pyarrow.RecordBatchReader
        Columns `USER_COLUMNS`, one row per method and user to score. Clusters are
        numbered from 1, the largest when they were fitted.

    Raises
    ------
    ValueError
        If the panels lack a feature that the clusters were fitted on.
    """
    stored = [(entry.cluster_method, Fit(**json.loads(entry.fit))) for entry in fits.itertuples()]
    # what is missing is said here: inside the stream the engine would say it, at length
    panels, first = begun(panels)
    for panel in first:
        for _, fit in stored:
            shape_values(panel.features, pd.DataFrame(fit.features))
    return pa.RecordBatchReader.from_batches(USER_SCHEMA, _clustered(panels, stored))


def _clustered(panels: Iterable[Panel], stored: list[tuple[str, Fit]]) -> Iterator[pa.RecordBatch]:
    for panel in panels:
        for method, fit in stored:
            shaped = shape_values(panel.features, pd.DataFrame(fit.features))
            labels, distances, chances = fit.assign(fit.values(shaped))
            found = pd.DataFrame(
                {
                    "cluster_method": method,
                    "user_id": panel.rows["user_id"],
                    "cluster_name": [fit.names[label] for label in labels],
                    "cluster_number": labels + 1,
                    "distance_to_centre": distances,
                    "membership_probability": chances,
                    "as_of_date": panel.rows["as_of_date"],
                }
            )
            yield from pa.Table.from_pandas(found, USER_SCHEMA, preserve_index=False).combine_chunks().to_batches()


def profile_clusters(panels: Iterable[Panel], features: pd.DataFrame) -> pd.DataFrame:
    """Describe the clusters of today by the mean of each feature.

    Parameters
    ----------
    panels : iterable of Panel
        Output of `cluster_users` as rows, and the features of their users, in pieces.
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
    sums: dict[str, ClusterSums] = {}
    for panel in panels:
        for method, rows in panel.rows.groupby("cluster_method", sort=True):
            own = panel.where((panel.rows["cluster_method"] == method).to_numpy(bool)).features
            sums.setdefault(method, ClusterSums(features)).add(own, rows)
    parts = [found.profile().assign(cluster_method=method) for method, found in sorted(sums.items())]
    return typed(parts, PROFILE_COLUMNS)


@dataclass
class ClusterSums:
    """What is summed over users, piece by piece, to describe their clusters.

    Parameters
    ----------
    features : pandas.DataFrame
        Output of `expand_features`.
    """

    features: pd.DataFrame
    clusters: dict[int, dict] = field(default_factory=dict)
    origin: np.ndarray | None = None

    def add(self, rows: pd.DataFrame, members: pd.DataFrame) -> None:
        """Add users: their features, and beside them the number of their cluster."""
        shaped = shape_values(rows, self.features)
        raw = rows[list(shaped.columns)].to_numpy(float)
        if self.origin is None:
            # squares of numbers far from 0 would lose digits
            self.origin = shaped.bfill().head(1).fillna(0.0).to_numpy()[0]
        apart = shaped.to_numpy() - self.origin
        for number, places in members.reset_index(drop=True).groupby("cluster_number").indices.items():
            own = self.clusters.setdefault(number, self._nobody() | members.iloc[places[0]].to_dict())
            own["user_count"] += len(places)
            own["known"] += (~np.isnan(raw[places])).sum(axis=0)
            own["raw"] += np.nansum(raw[places], axis=0)
            own["shaped"] += np.nansum(apart[places], axis=0)
            own["squares"] += np.nansum(apart[places] ** 2, axis=0)

    def _nobody(self) -> dict:
        return {"user_count": 0} | {name: np.zeros(len(self.features)) for name in SUMS}

    def profile(self, count: int = 0) -> pd.DataFrame:
        """Return one row per feature and cluster that has users or is among the first so many."""
        total = {name: sum(cluster[name] for cluster in self.clusters.values()) for name in SUMS}
        with np.errstate(divide="ignore", invalid="ignore"):
            overall, middle = total["raw"] / total["known"], total["shaped"] / total["known"]
            spread = np.sqrt(np.maximum(total["squares"] / total["known"] - middle**2, 0.0))
            parts = []
            for number in sorted({*self.clusters, *range(1, count + 1)}):
                cluster = self.clusters.get(number, self._nobody())
                difference = cluster["shaped"] / cluster["known"] - middle
                part = self.features[["feature_name", "feature_group"]].assign(
                    cluster_number=number,
                    user_count=cluster["user_count"],
                    feature_mean=cluster["raw"] / cluster["known"],
                    overall_mean=overall,
                    standardised_difference=np.where(spread > LEAST_SPREAD, difference / spread, np.nan),
                )
                parts.append(part.assign(**{name: cluster.get(name) for name in ("cluster_name", "as_of_date")}))
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
