"""Groups of users of one as-of date, by k-means and a Gaussian mixture."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from precision_marketing.clusters.features import scaled_features, shape_values
from precision_marketing.common.frames import Panel
from precision_marketing.common.settings import Settings, Var
from precision_marketing.common.threads import use_one_thread

K_MEANS = "k_means"
GAUSSIAN_MIXTURE = "gaussian_mixture"
# Per method, what chooses the number of clusters.
CRITERIA = {K_MEANS: "silhouette", GAUSSIAN_MIXTURE: "bic"}


@dataclass(frozen=True)
class ClusterSettings(Settings):
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

    seed: Annotated[int, Var("random_seed")]
    least_count: Annotated[int, Var("cluster_counts", "least")]
    most_count: Annotated[int, Var("cluster_counts", "most")]
    min_users: Annotated[int, Var("cluster_min_users")]
    min_agreement: Annotated[float, Var("cluster_min_agreement")]
    restarts: Annotated[int, Var("cluster_restarts")]
    variance_floor: Annotated[float, Var("cluster_variance_floor")]


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
                    self.weights, np.array(self.centres), np.array(self.covariances), strict=True
                )
            ]
        )


def _log_density(offsets: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Log of the normal density, without the constant all clusters share."""
    lower = np.linalg.cholesky(covariance)
    standard = np.linalg.solve(lower, offsets.T)
    return -0.5 * (standard**2).sum(axis=0) - np.log(np.diag(lower)).sum()


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


def fit_clusters(users: Users, method: str, cluster_count: int, settings: ClusterSettings, seed: int) -> Fit:
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
