"""Groups of users by k-means and a Gaussian mixture: number, names, stability."""

import json
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from precision_marketing.common.frames import Panel
from precision_marketing.estimators.families import signed_log, use_one_thread

K_MEANS = "k_means"
GAUSSIAN_MIXTURE = "gaussian_mixture"
# Per method, what chooses the number of clusters.
CRITERIA = {K_MEANS: "silhouette", GAUSSIAN_MIXTURE: "bic"}
# A name takes the two features that set a cluster apart most, if by half a standard
# deviation, which Cohen (1988) calls a medium effect; more only to tell namesakes
# apart.
NAME_WORDS = 2
LEAST_DIFFERENCE = 0.5
NOTHING_SPECIAL = "middling"

STABILITY_COLUMNS = {
    "cluster_method": "string",
    "comparison": "string",
    "criterion_name": "string",
    "cluster_count": "int64",
    "user_count": "int64",
    "adjusted_rand_index": "float64",
    "criterion_value": "float64",
    "is_chosen": "bool",
    "earlier_as_of_date": "datetime64[us]",
    "as_of_date": "datetime64[us]",
}
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


@dataclass(frozen=True)
class ClusterSettings:
    """Parameters of clustering; their values and reasons stand in dbt_project.yml.

    Parameters
    ----------
    seed : int
        Seed of every random draw.
    least_count, most_count : int
        Fewest and most clusters tried.
    min_users : int
        Users per cluster, in the mean, below which a number is not tried.
    min_agreement : float
        Adjusted Rand index between fits that a number of clusters must reach.
    restarts : int
        Starts of a fit, of which the best counts.
    variance_floor : float
        Added to each variance of a mixture, in squared units of the scaled features.
    """

    seed: int
    least_count: int
    most_count: int
    min_users: int
    min_agreement: float
    restarts: int
    variance_floor: float

    @classmethod
    def from_meta(cls, meta: dict) -> "ClusterSettings":
        """Read the settings that a Python model got through its ``meta``."""
        return cls(
            seed=int(meta["seed"]),
            least_count=int(meta["least_count"]),
            most_count=int(meta["most_count"]),
            min_users=int(meta["min_users"]),
            min_agreement=float(meta["min_agreement"]),
            restarts=int(meta["restarts"]),
            variance_floor=float(meta["variance_floor"]),
        )


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
            words = {
                "slot": department.department_slot,
                "department": department.department.lower(),
            }
            rows.append({name: text.format(**words) for name, text in row.items()})
    return pd.DataFrame(rows, columns=list(seed.columns))


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
        raise ValueError(
            f"Clusters are made of features that there are not: {', '.join(missing)}."
        )
    strange = sorted(set(features["feature_group"]) - {"rfm", "taste"})
    if strange:
        raise ValueError(
            f"Seed cluster_features: group {', '.join(strange)} is not rfm or taste."
        )
    values = rows[list(features["feature_name"])].astype("Float64").astype(float)
    is_share = (features["feature_group"] == "taste").to_numpy()
    shaped = np.where(
        is_share, np.sqrt(np.maximum(values, 0)), signed_log(values.to_numpy())
    )
    return pd.DataFrame(shaped, index=rows.index, columns=values.columns)


@dataclass(frozen=True)
class Fit:
    """Clusters as numbers that JSON can hold: what `assign` needs, and no more.

    Parameters
    ----------
    method : str
        `K_MEANS` or `GAUSSIAN_MIXTURE`.
    features : list of dict
        ``feature_name``, ``feature_group``, ``median`` (fills gaps), ``centre`` and
        ``scale``, all after `shape_values`, per feature that varied.
    centres : list of list of float
        Shape (clusters, features), largest cluster first.
    weights : list of float
        Share of the users per cluster.
    covariances : list
        Shape (clusters, features, features); empty for k-means.
    names : list of str
        Name per cluster.
    """

    method: str
    features: list[dict]
    centres: list[list[float]]
    weights: list[float]
    covariances: list
    names: list[str]

    def values(self, shaped: pd.DataFrame) -> np.ndarray:
        """Return the scaled features, shape (rows, features), of `shape_values`."""
        used = pd.DataFrame(self.features)
        values = shaped[used["feature_name"]].to_numpy()
        filled = np.where(np.isnan(values), used["median"].to_numpy(), values)
        return (filled - used["centre"].to_numpy()) / used["scale"].to_numpy()

    def assign(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, per row, the cluster (from 0), the distance and the probability.

        The distance is Euclidean, to the centre, in scaled units. The probability is
        that of the cluster under the mixture, NaN for k-means.
        """
        offsets = values[:, None, :] - np.array(self.centres)[None, :, :]
        distances = np.sqrt((offsets**2).sum(axis=2))
        if self.method == K_MEANS:
            labels = distances.argmin(axis=1)
            chances = np.full(len(values), np.nan)
        else:
            logs = self.log_densities(values)
            labels = logs.argmax(axis=1)
            odds = np.exp(logs - logs.max(axis=1, keepdims=True))
            chances = odds.max(axis=1) / odds.sum(axis=1)
        return labels, distances[np.arange(len(values)), labels], chances

    def log_densities(self, values: np.ndarray) -> np.ndarray:
        """Log of weight times normal density, less what all clusters share.

        Shape (rows, clusters); a mixture only.
        """
        return np.column_stack(
            [
                np.log(weight) + _log_density(values - centre, covariance)
                for weight, centre, covariance in zip(
                    self.weights,
                    np.array(self.centres),
                    np.array(self.covariances),
                    strict=True,
                )
            ]
        )


def _log_density(offsets: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Log of the normal density, without the constant all clusters share."""
    lower = np.linalg.cholesky(covariance)
    standard = np.linalg.solve(lower, offsets.T)
    return -0.5 * (standard**2).sum(axis=0) - np.log(np.diag(lower)).sum()


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
    together = np.sqrt(
        sum(spreads[name] ** 2 for name in varying if groups[name] == "taste")
    )
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


@dataclass(frozen=True)
class Users:
    """Users of one as-of date, ready to be clustered.

    Parameters
    ----------
    rows : pandas.DataFrame
        Their rows of the labels table, sorted by ``first_order_id``.
    shaped : pandas.DataFrame
        Their features after `shape_values`.
    features : list of dict
        How these were filled and scaled, as `scaled_features` returns.
    values : numpy.ndarray of float
        Scaled features, shape (rows, features).
    starts : dict
        Fits of `k_means` so far: the mixture starts from them, too.
    """

    rows: pd.DataFrame
    shaped: pd.DataFrame
    features: list[dict]
    values: np.ndarray
    starts: dict = field(default_factory=dict)

    @classmethod
    def of(cls, panel: Panel, features: pd.DataFrame) -> "Users":
        """Scale the features of one date by what is seen on it."""
        shaped = shape_values(panel.features, features)
        scaled = scaled_features(shaped, features)
        empty = np.empty((len(panel.rows), 0))
        values = Fit("", scaled, [], [], [], []).values(shaped) if scaled else empty
        return cls(panel.rows, shaped, scaled, values)

    def can_hold(self, cluster_count: int) -> bool:
        """Whether more users differ than there are clusters."""
        return len(np.unique(self.values, axis=0)) > cluster_count

    def k_means(self, cluster_count: int, restarts: int, seed: int) -> KMeans:
        """Return k-means, the best of the restarts, fitted once."""
        key = (cluster_count, restarts, seed)
        if key not in self.starts:
            estimator = KMeans(cluster_count, n_init=restarts, random_state=seed)
            self.starts[key] = estimator.fit(self.values)
        return self.starts[key]


def fit_clusters(
    users: Users, method: str, cluster_count: int, settings: ClusterSettings, seed: int
) -> Fit:
    """Fit one method to the users of one date.

    Parameters
    ----------
    users : Users
        More different ones than clusters.
    method : str
        `K_MEANS` or `GAUSSIAN_MIXTURE`.
    cluster_count : int
        Number of clusters.
    settings : ClusterSettings
        Restarts and floor.
    seed : int
        Seed of the starts.

    Returns
    -------
    Fit
        The mixture starts from k-means, best of the restarts. Without names; the
        largest cluster first, ties settled by the centres.
    """
    use_one_thread()
    k_means = users.k_means(cluster_count, settings.restarts, seed)
    labels = k_means.labels_
    weights = np.bincount(labels, minlength=cluster_count) / len(labels)
    centres, covariances = k_means.cluster_centers_, None
    if method == GAUSSIAN_MIXTURE:
        floor = settings.variance_floor * np.eye(users.values.shape[1])
        spreads = [
            np.atleast_2d(np.cov(users.values[labels == number].T, bias=True)) + floor
            for number in range(cluster_count)
        ]
        mixture = GaussianMixture(
            cluster_count,
            weights_init=weights,
            means_init=centres,
            precisions_init=np.linalg.inv(spreads),
            reg_covar=settings.variance_floor,
            max_iter=300,
            random_state=seed,
        )
        labels = mixture.fit_predict(users.values)
        weights, centres = mixture.weights_, mixture.means_
        covariances = mixture.covariances_
    sizes = np.bincount(labels, minlength=cluster_count)
    order = sorted(range(cluster_count), key=lambda n: (-sizes[n], *centres[n]))
    return Fit(
        method,
        users.features,
        centres[order].tolist(),
        weights[order].tolist(),
        [] if covariances is None else covariances[order].tolist(),
        [],
    )


def criterion(fit: Fit, users: Users) -> float:
    """Return what chooses the number of clusters, on the users fitted on.

    For k-means the mean silhouette (Rousseeuw 1987), -1 to 1, higher is better. For the
    mixture the Bayesian information criterion (Schwarz 1978), lower is better.
    """
    labels, _, _ = fit.assign(users.values)
    if fit.method == K_MEANS:
        # a cluster that nobody is nearest to leaves nothing to compare
        known = len(np.unique(labels)) > 1
        return float(silhouette_score(users.values, labels)) if known else -1.0
    rows, columns = users.values.shape
    logs = fit.log_densities(users.values)
    highest = logs.max(axis=1)
    log_likelihood = (
        highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1))
    ).sum() - rows * columns / 2 * np.log(2 * np.pi)
    count = len(fit.centres)
    parameters = count * (columns + columns * (columns + 1) / 2) + count - 1
    return float(parameters * np.log(rows) - 2 * log_likelihood)


def judge_cluster_counts(
    panel: Panel, features: pd.DataFrame, settings: ClusterSettings
) -> pd.DataFrame:
    """Try numbers of clusters before the test, choose one per method, follow it on.

    Numbers are tried on the validation dates (all judged dates where there are none).
    Eligible is a number whose fits agree, by the adjusted Rand index (Hubert and Arabie
    1985), at least ``min_agreement``: two seeds on each date, and the fits of
    consecutive dates on the later one's users. Of these the best mean criterion wins;
    with none, the number whose fits agree most. The chosen number is then fitted on
    every judged date.

    Parameters
    ----------
    panel : Panel
        ``lbl_user`` and ``ftr_user__snapshot``, sorted by ``as_of_date`` and
        ``first_order_id``.
    features : pandas.DataFrame
        Output of `expand_features`.
    settings : ClusterSettings
        Numbers to try, and when fits agree.

    Returns
    -------
    pandas.DataFrame
        Columns `STABILITY_COLUMNS`. ``comparison`` is ``seeds`` (two seeds, one date;
        this row has the criterion), ``fits`` (the earlier date's fit and the later's,
        both on the later date's users) or ``users`` (each user's cluster on the two
        dates: users move, too). Empty where no number can be tried.
    """
    judged = panel.where(panel.rows["split_name"].notna())
    dates = judged.rows["as_of_date"]
    by_date = {
        date: Users.of(judged.where(dates == date), features)
        for date in sorted(dates.unique())
    }
    validation = judged.of_split("validation").rows
    chosen_on = sorted(validation["as_of_date"].unique()) or sorted(by_date)
    fewest = min((len(by_date[date].rows) for date in chosen_on), default=0)
    counts = [
        count
        for count in range(settings.least_count, settings.most_count + 1)
        if count * settings.min_users <= fewest
        and all(by_date[date].can_hold(count) for date in by_date)
    ]
    parts = []
    for method in CRITERIA if counts else ():
        tried = []
        fits = {}
        for count in counts:
            fits[count] = {
                date: fit_clusters(
                    by_date[date], method, count, settings, settings.seed
                )
                for date in chosen_on
            }
            tried += _judge_seeds(fits[count], by_date, settings)
            tried += _judge_dates(fits[count], by_date)
        best = _choose_count(pd.DataFrame(tried), method, settings.min_agreement)
        last = chosen_on[-1]
        followed = {
            date: fit_clusters(users, method, best, settings, settings.seed)
            for date, users in by_date.items()
            if date > last
        }
        tried += _judge_dates({last: fits[best][last], **followed}, by_date)
        rows = pd.DataFrame(tried)
        parts.append(rows.assign(is_chosen=rows["cluster_count"] == best))
    return _typed(parts, STABILITY_COLUMNS)


def _judge_seeds(
    fits: dict[pd.Timestamp, Fit],
    by_date: dict[pd.Timestamp, Users],
    settings: ClusterSettings,
) -> list[dict]:
    """Compare the fit of each date with that of another seed."""
    rows = []
    for date, fit in fits.items():
        users = by_date[date]
        again = fit_clusters(
            users, fit.method, len(fit.centres), settings, settings.seed + 1
        )
        row = _compared("seeds", (fit, again), (users, users), date, date)
        rows.append({**row, "criterion_value": criterion(fit, users)})
    return rows


def _judge_dates(
    fits: dict[pd.Timestamp, Fit], by_date: dict[pd.Timestamp, Users]
) -> list[dict]:
    """Compare the fits of consecutive dates, on the later's users and user by user."""
    rows = []
    for earlier, later in pairwise(sorted(fits)):
        pair = (fits[earlier], fits[later])
        now, before = by_date[later], by_date[earlier]
        rows.append(_compared("fits", pair, (now, now), earlier, later))
        rows.append(_compared("users", pair, (before, now), earlier, later))
    return rows


def _compared(
    comparison: str,
    fits: tuple[Fit, Fit],
    users: tuple[Users, Users],
    earlier: pd.Timestamp,
    later: pd.Timestamp,
) -> dict:
    """Compare what two fits say of the users known to both."""
    first, second = (
        pd.Series(fit.assign(fit.values(part.shaped))[0], part.rows["first_order_id"])
        for fit, part in zip(fits, users, strict=True)
    )
    first, second = first.align(second, join="inner")
    return {
        "cluster_method": fits[0].method,
        "comparison": comparison,
        "criterion_name": CRITERIA[fits[0].method],
        "cluster_count": len(fits[0].centres),
        "user_count": len(first),
        "adjusted_rand_index": adjusted_rand_score(first, second),
        "criterion_value": np.nan,
        "earlier_as_of_date": earlier,
        "as_of_date": later,
    }


def _choose_count(tried: pd.DataFrame, method: str, min_agreement: float) -> int:
    compared = tried[tried["comparison"].isin(["seeds", "fits"])]
    agreement = compared.groupby("cluster_count")["adjusted_rand_index"].min()
    criterion = tried.groupby("cluster_count")["criterion_value"].mean()
    if CRITERIA[method] == "bic":
        criterion = -criterion
    agreeing = criterion[agreement >= min_agreement]
    # of equals the fewest clusters
    return int((agreeing if len(agreeing) else agreement).idxmax())


def fit_chosen(
    panel: Panel,
    features: pd.DataFrame,
    stability: pd.DataFrame,
    settings: ClusterSettings,
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
    return _typed(parts, FIT_COLUMNS)


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
    return _typed(parts, USER_COLUMNS)


def profile_clusters(
    panel: Panel, clusters: pd.DataFrame, features: pd.DataFrame
) -> pd.DataFrame:
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
        shown = today.rows.merge(
            members[["user_id", "cluster_number", "cluster_name"]], on="user_id"
        )
        is_shown = today.rows["user_id"].isin(members["user_id"]).to_numpy(bool)
        names = shown.drop_duplicates("cluster_number").set_index("cluster_number")
        labels = shown["cluster_number"].to_numpy() - 1
        profile = _profile(
            today.where(is_shown).features, labels, int(names.index.max()), features
        )
        profile["cluster_name"] = profile["cluster_number"].map(names["cluster_name"])
        profile["as_of_date"] = shown["as_of_date"].iloc[0]
        parts.append(profile.assign(cluster_method=method))
    found = _typed(parts, PROFILE_COLUMNS)
    return found[found["user_count"] > 0].reset_index(drop=True)


def _profile(
    rows: pd.DataFrame, labels: np.ndarray, count: int, features: pd.DataFrame
) -> pd.DataFrame:
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
                    "standardised_difference": (
                        difference / spreads.where(spreads > 1e-12)
                    ).to_numpy(),
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
                (
                    words.loc[name, "high_words" if value > 0 else "low_words"],
                    abs(value) >= LEAST_DIFFERENCE,
                )
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
            length + (twice and length < len(own))
            for own, length, twice in zip(phrases, lengths, again, strict=True)
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


def _typed(parts: list[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in columns.items()}
        )
    return pd.concat(parts, ignore_index=True)[list(columns)].astype(columns)
