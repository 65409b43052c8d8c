"""Laws of clustering, on planted groups of several seeds and on the real build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest
from precision_marketing.clusters.features import expand_features
from precision_marketing.clusters.fits import (
    CRITERIA,
    GAUSSIAN_MIXTURE,
    K_MEANS,
    ClusterSettings,
    Fit,
    Users,
    criterion,
    fit_clusters,
)
from precision_marketing.clusters.profiles import (
    FIT_COLUMNS,
    PROFILE_COLUMNS,
    USER_SCHEMA,
    ClusterSums,
    _names,
    cluster_users,
    fit_chosen,
    profile_clusters,
)
from precision_marketing.clusters.stability import STABILITY_COLUMNS, judge_cluster_counts
from precision_marketing.common.frames import Panel
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score
from support.panels import frame_of, split_panel

SEEDS = [0, 1, 2, 3, 4]
SETTINGS = ClusterSettings(
    seed=7, least_count=3, most_count=6, min_users=10, min_agreement=0.8, restarts=5, variance_floor=0.01
)
DEPARTMENTS = pd.DataFrame({"department": ["BAKERY", "FISH"], "department_slot": [1, 2]})
SEED_ROWS = pd.DataFrame(
    [
        ("days_since_last_order", "rfm", "long silent", "recent"),
        ("order_count_91d", "rfm", "frequent", "rare"),
        ("net_amount_91d", "rfm", "high spend", "low spend"),
        ("department_share_{slot}", "taste", "much {department}", "little {department}"),
    ],
    columns=["feature_name", "feature_group", "high_words", "low_words"],
)
FEATURES = expand_features(SEED_ROWS, DEPARTMENTS)
# days since the last order, orders, money, share of bakery, share of fish
GROUPS = {
    "regulars": (2, 40, 900, 0.3, 0.1),
    "bakers": (12, 9, 150, 0.8, 0.01),
    "fishers": (12, 9, 150, 0.02, 0.7),
    "sleepers": (80, 1, 12, 0.3, 0.1),
}
SIZES = {"regulars": 80, "bakers": 60, "fishers": 50, "sleepers": 30}
SPLITS = [None, "validation", "validation", "test", "score"]
KEY = ["as_of_date", "first_order_id"]


def make_panel(seed: int) -> pd.DataFrame:
    """Make a panel, sorted by key, whose users form the `GROUPS`."""
    random = np.random.default_rng(seed)
    groups = np.repeat(list(SIZES), list(SIZES.values()))
    middle = np.array([GROUPS[group] for group in groups])
    parts = []
    for number, split_name in enumerate(SPLITS):
        amounts = middle[:, :3] * random.lognormal(0, 0.2, (len(groups), 3))
        shares = np.clip(middle[:, 3:] * random.lognormal(0, 0.1, (len(groups), 2)), 0, 1)
        shares[random.random(shares.shape) < 0.02] = np.nan
        part = pd.DataFrame(np.column_stack([amounts, shares]), columns=FEATURES["feature_name"])
        part["group"] = groups
        part["user_id"] = [f"u{place:03}" for place in range(len(groups))]
        part["first_order_id"] = [f"o{place:03}" for place in range(len(groups))]
        part["split_name"] = split_name
        part["as_of_date"] = pd.Timestamp("2024-01-01") + pd.Timedelta(days=28 * number)
        parts.append(part)
    return pd.concat(parts).sort_values(KEY, ignore_index=True)


Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]


def cluster(panel: pd.DataFrame, features: pd.DataFrame = FEATURES) -> Frames:
    """Return all four frames: stability, fits, users and profiles."""
    panel = split_panel(panel, "group")
    stability = judge_cluster_counts(panel, features, SETTINGS)
    fits = fit_chosen(panel, features, stability, SETTINGS)
    users = clusters_of(panel, fits)
    return stability, fits, users, profile_clusters(pieces(panel, users), features)


def clusters_of(panel: Panel, fits: pd.DataFrame, size: int = 50) -> pd.DataFrame:
    """Stream the rows to score through the fits; return the frame that the engine would store."""
    today = panel.of_split("score")
    places = np.arange(len(today.rows)) // size
    found = cluster_users((today.where(places == number) for number in np.unique(places)), fits)
    return frame_of(found)


def profile(rows: pd.DataFrame, numbers: np.ndarray, features: pd.DataFrame) -> pd.DataFrame:
    """Describe users whose clusters, counted from 0, are known."""
    sums = ClusterSums(features)
    sums.add(rows, pd.DataFrame({"cluster_number": numbers + 1}))
    return sums.profile(numbers.max() + 1)


def pieces(panel: Panel, users: pd.DataFrame, size: int = 50) -> Iterator[Panel]:
    """Join what is known of clusters to the features of their users, some at a time."""
    today = panel.of_split("score")
    rows = today.rows.assign(place=range(len(today.rows))).merge(users, on=["user_id", "as_of_date"])
    rows = rows.sort_values(["cluster_method", "first_order_id"])
    for start in range(0, len(rows), size):
        members = rows[start : start + size].reset_index(drop=True)
        yield Panel(members, today.features.iloc[members["place"]].reset_index(drop=True))


@cache
def plain(seed: int) -> Frames:
    """Cluster a panel that nobody touched."""
    return cluster(make_panel(seed))


def assert_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare to the last bit."""
    assert len(expected)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize("method", CRITERIA)
@pytest.mark.parametrize("seed", SEEDS)
def test_planted_groups_and_their_number_are_found(seed: int, method: str) -> None:
    stability, _, users, _ = plain(seed)
    rows = stability[stability["cluster_method"] == method]
    assert set(rows.loc[rows["is_chosen"], "cluster_count"]) == {len(GROUPS)}
    # as many were tried as could have been chosen
    assert set(rows["cluster_count"]) == {3, 4, 5, 6}

    panel = make_panel(seed).query("split_name == 'score'")
    own = users[users["cluster_method"] == method].merge(panel, on="user_id")
    assert len(own) == len(panel)
    assert adjusted_rand_score(own["group"], own["cluster_number"]) > 0.95
    # numbered by size, the largest first
    sizes = own["cluster_number"].value_counts().sort_index()
    assert list(sizes) == sorted(sizes, reverse=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_chosen_clusters_of_planted_groups_are_stable(seed: int) -> None:
    stability, _, _, _ = plain(seed)
    chosen = stability[stability["is_chosen"]]
    pairs = chosen.groupby(["cluster_method", "comparison"])["adjusted_rand_index"]
    assert pairs.size().eq(3).loc[:, ["fits", "users"]].all()
    assert pairs.min().min() > 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    shuffled = make_panel(seed).sample(frac=1, random_state=seed)
    found = cluster(shuffled.sort_values(KEY, ignore_index=True))
    for frame, expected in zip(found, plain(seed), strict=True):
        assert_equal(frame, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_names_of_users_change_nothing(seed: int) -> None:
    panel = make_panel(seed)
    # the other way round: nothing may hang on how pseudonyms sort
    renamed = {name: f"u{999 - int(name[1:])}" for name in panel["user_id"]}
    panel["user_id"] = panel["user_id"].map(renamed)
    stability, fits, users, profiles = cluster(panel)
    expected = plain(seed)
    assert_equal(stability, expected[0])
    assert_equal(fits, expected[1])
    old_users = expected[2].assign(user_id=expected[2]["user_id"].map(renamed))
    assert_equal(users, old_users.sort_values(["cluster_method", "as_of_date", "user_id"], ignore_index=True))
    assert_equal(profiles, expected[3])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_constant_feature_changes_nothing(seed: int) -> None:
    panel = make_panel(seed).assign(constant=3.0, unknown=np.nan)
    more = pd.DataFrame(
        [("constant", "rfm", "much", "little"), ("unknown", "taste", "more", "less")], columns=FEATURES.columns
    )
    found = cluster(panel, pd.concat([more, FEATURES], ignore_index=True))
    expected = plain(seed)
    for frame, old in zip(found[:3], expected[:3], strict=True):
        assert_equal(frame, old)
    extra = found[3]["feature_name"].isin(more["feature_name"])
    assert_equal(found[3][~extra].reset_index(drop=True), expected[3])
    assert found[3].loc[extra, "standardised_difference"].isna().all()


@pytest.mark.parametrize("seed", SEEDS)
def test_names_are_unique_and_say_what_sets_a_cluster_apart(seed: int) -> None:
    _, _, users, profiles = plain(seed)
    numbers = users.drop_duplicates(["cluster_method", "cluster_number"])
    assert not numbers.duplicated(["cluster_method", "cluster_name"]).any()
    panel = make_panel(seed).query("split_name == 'score'")
    own = users[users["cluster_method"] == K_MEANS].merge(panel, on="user_id")
    names = own.groupby("group")["cluster_name"].agg(lambda name: name.mode()[0])
    assert "fish" in names["fishers"]
    assert "bakery" in names["bakers"] or "fish" in names["bakers"]
    assert set(names["regulars"].split(", ")) <= {"frequent", "high spend", "recent"}
    assert set(names["sleepers"].split(", ")) <= {"rare", "low spend", "long silent"}
    assert set(profiles["cluster_name"]) == set(users["cluster_name"])


def test_names_do_not_hang_on_numbers() -> None:
    rows = make_panel(0).query("split_name == 'score'")
    labels = rows["group"].map({name: place for place, name in enumerate(GROUPS)})
    names = _names(profile(rows, labels.to_numpy(), FEATURES), FEATURES)
    turned = _names(profile(rows, 3 - labels.to_numpy(), FEATURES), FEATURES)
    assert names == turned[::-1]
    assert len(set(names)) == 4


def test_namesakes_are_told_apart() -> None:
    # six groups along one line, which has but two words
    one = FEATURES[FEATURES["feature_name"] == "net_amount_91d"]
    rows = pd.DataFrame({"net_amount_91d": np.repeat([1, 2, 4, 800, 900, 1000], 20)})
    names = _names(profile(rows, np.repeat(np.arange(6), 20), one), one)
    assert len(set(names)) == 6


def test_namesakes_get_a_further_word() -> None:
    # two big spenders who order often, one of them recently
    rows = pd.DataFrame(
        {
            "days_since_last_order": np.repeat([15, 24, 1, 90], 30),
            "order_count_91d": np.repeat([20, 20, 2, 2], 30),
            "net_amount_91d": np.repeat([300, 300, 20, 21], 30),
        }
    )
    features = FEATURES[FEATURES["feature_group"] == "rfm"]
    names = _names(profile(rows, np.repeat(np.arange(4), 30), features), features)
    for name, words in zip(names, ["recent", "long silent"], strict=False):
        assert set(name.split(", ")) == {"frequent", "high spend", words}


@pytest.mark.parametrize("method", CRITERIA)
def test_a_date_agrees_with_itself(method: str) -> None:
    panel = make_panel(0)
    first, second = panel.loc[panel["split_name"] == "validation", KEY[0]].unique()
    copy = panel[panel["as_of_date"] == first].assign(as_of_date=second)
    panel = pd.concat([panel[panel["as_of_date"] != second], copy])
    panel = panel.sort_values(KEY, ignore_index=True)
    stability = judge_cluster_counts(split_panel(panel), FEATURES, SETTINGS)
    same = stability[
        (stability["cluster_method"] == method)
        & (stability["earlier_as_of_date"] == first)
        & (stability["as_of_date"] == second)
    ]
    assert len(same) == 2 * 4
    assert (same["adjusted_rand_index"] == 1.0).all()


def test_dates_of_the_test_do_not_choose_the_number() -> None:
    panel = make_panel(0)
    later = panel["split_name"].isin(["test", "score"]).to_numpy()
    random = np.random.default_rng(0)
    for name in FEATURES["feature_name"]:
        panel.loc[later, name] = random.random(later.sum())
    found = judge_cluster_counts(split_panel(panel), FEATURES, SETTINGS)
    expected = plain(0)[0]
    tried = expected["as_of_date"] <= panel.loc[~later, "as_of_date"].max()
    assert_equal(found[tried], expected[tried])


def test_where_no_fits_agree_the_most_agreeing_number_is_chosen() -> None:
    settings = replace(SETTINGS, min_agreement=2.0)
    stability = judge_cluster_counts(split_panel(make_panel(0)), FEATURES, settings)
    worst = stability[stability["comparison"].isin(["seeds", "fits"])]
    tried = worst[worst["as_of_date"] <= pd.Timestamp("2024-02-26")]
    for method, rows in tried.groupby("cluster_method"):
        agreement = rows.groupby("cluster_count")["adjusted_rand_index"].min()
        chosen = stability[stability["is_chosen"] & (stability["cluster_method"] == method)]
        assert set(chosen["cluster_count"]) == {agreement.idxmax()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mixture_is_that_of_scipy(seed: int) -> None:
    rows = make_panel(seed).query("split_name == 'score'")
    users = Users.of(split_panel(rows), FEATURES)
    fit = fit_clusters(users, GAUSSIAN_MIXTURE, 4, SETTINGS, seed)
    densities = np.column_stack(
        [
            weight * multivariate_normal(centre, covariance).pdf(users.values)
            for weight, centre, covariance in zip(fit.weights, fit.centres, fit.covariances, strict=True)
        ]
    )
    labels, _, chances = fit.assign(users.values)
    np.testing.assert_array_equal(labels, densities.argmax(axis=1))
    expected = densities.max(axis=1) / densities.sum(axis=1)
    np.testing.assert_allclose(chances, expected, atol=1e-9)
    free = 4 * (5 + 5 * 6 / 2) + 3
    bic = free * np.log(len(rows)) - 2 * np.log(densities.sum(axis=1)).sum()
    assert criterion(fit, users) == pytest.approx(bic, rel=1e-9)


def test_a_feature_that_is_gone_is_an_error() -> None:
    _, fits, _, _ = plain(0)
    panel = make_panel(0).drop(columns="net_amount_91d")
    with pytest.raises(ValueError, match=r"lacks: net_amount_91d"):
        clusters_of(split_panel(panel), fits)


def test_what_is_stored_gives_the_same_clusters() -> None:
    _, fits, users, _ = plain(0)
    rows = make_panel(0).query("split_name == 'score'")
    # one user alone, without the others that scaled the features
    alone = clusters_of(split_panel(rows.tail(1)), fits)
    expected = users[users["user_id"] == rows["user_id"].iloc[-1]]
    pd.testing.assert_frame_equal(alone, expected.reset_index(drop=True), rtol=1e-12)
    assert set(json.loads(fits["fit"].iloc[0])) == set(Fit.__dataclass_fields__)


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_small_shop_has_typed_frames_without_clusters(rows: int) -> None:
    panel = make_panel(0).query("split_name == 'score'").head(rows)
    stability, fits, users, profiles = cluster(panel)
    kinds = (STABILITY_COLUMNS, FIT_COLUMNS, PROFILE_COLUMNS)
    for frame, columns in zip((stability, fits, profiles), kinds, strict=True):
        assert len(frame) == 0
        assert frame.dtypes.astype(str).to_dict() == columns
    assert list(users.columns) == USER_SCHEMA.names
    assert len(users) == 0


def test_users_who_are_all_alike_have_no_clusters() -> None:
    panel = make_panel(0)
    panel[FEATURES["feature_name"]] = 1.0
    assert [len(frame) for frame in cluster(panel)] == [0, 0, 0, 0]


def test_every_user_scored_has_one_cluster_per_method(built: duckdb.DuckDBPyConnection) -> None:
    differing = built.execute("""
        select count(*) from (
            select user_id, as_of_date, cluster_method from labels.lbl_user
            cross join (select distinct cluster_method from learning.ml_cluster__fits)
            where split_name = 'score'
        ) as expected
        full join scores.user_clusters as found
            using (user_id, as_of_date, cluster_method)
        where expected.user_id is null or found.user_id is null
    """).fetchone()
    methods = built.execute("select count(*) from learning.ml_cluster__fits")
    assert methods.fetchone() == (len(CRITERIA),)
    assert differing == (0,)


def test_profiles_are_the_means_that_sql_finds(built: duckdb.DuckDBPyConnection) -> None:
    profiles = built.execute("from evaluation.cluster_profiles").df()
    features = profiles.drop_duplicates("feature_name")
    assert len(features) > 10
    for feature in features.itertuples():
        shaped = {
            "rfm": "sign(value) * ln(1 + abs(value))",
            "taste": "sqrt(case when value < 0 then 0 else value end)",
        }[feature.feature_group]
        expected = built.execute(f"""
            with
            users as (
                select user_id, cast({feature.feature_name} as double) as value
                from features.ftr_user__snapshot
                inner join labels.lbl_user using (user_id, as_of_date)
                where split_name = 'score'
            ),
            overall as (
                select avg({shaped}) as mean, stddev_pop({shaped}) as deviation
                from users
            )
            select
                clusters.cluster_method,
                clusters.cluster_number,
                clusters.cluster_name,
                count(*) as user_count,
                avg(users.value) as feature_mean,
                (select avg(value) from users) as overall_mean,
                (avg({shaped}) - max(overall.mean)) / max(overall.deviation)
                    as standardised_difference
            from scores.user_clusters as clusters
            inner join users using (user_id)
            cross join overall
            group by all order by all
        """).df()
        found = profiles[profiles["feature_name"] == feature.feature_name]
        pd.testing.assert_frame_equal(
            found.sort_values(["cluster_method", "cluster_number"], ignore_index=True)[expected.columns],
            expected,
            check_dtype=False,
            rtol=0,
            atol=1e-9,
        )
