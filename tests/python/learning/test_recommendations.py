"""Lists of products keep their promises on the shop that `make build` left."""

from __future__ import annotations

import math

import duckdb
import pytest

LENGTH = 10


def test_measures_are_those_of_plain_python(built: duckdb.DuckDBPyConnection) -> None:
    [(date,)] = built.execute("select min(as_of_date) from recommendations.rec_judged_lists").fetchall()
    lists: dict[str, list[str]] = {}
    for user, product in built.execute(
        """
        select user_id, product_id from recommendations.rec_judged_lists
        where as_of_date = $1 and list_name = 'all' and method = 'recommender' order by user_id, list_rank
        """,
        [date],
    ).fetchall():
        lists.setdefault(user, []).append(product)
    bought: dict[str, set[str]] = {}
    # from the order lines themselves, not from the features
    for user, product in built.execute(
        """
        select distinct lines.user_id, lines.product_id
        from core.transactions as lines inner join core.products using (product_id)
        where product_kind = 'goods' and is_basket_line and not is_cancelled
            and order_date >= $1 and order_date < $1 + 28
        """,
        [date],
    ).fetchall():
        bought.setdefault(user, set()).add(product)
    told = built.execute(
        """
        select user_id, recall, ndcg, average_precision from recommendations.rec_user_measures
        where as_of_date = $1 and list_name = 'all' and method = 'recommender'
        """,
        [date],
    ).fetchall()
    assert len(told) > 1000
    for user, recall, ndcg, precision in told:
        hits = [product in bought[user] for product in lists.get(user, [])]
        possible = min(len(bought[user]), LENGTH)
        best = sum(1 / math.log2(place + 2) for place in range(possible))
        gain = sum(hit / math.log2(place + 2) for place, hit in enumerate(hits))
        precisions = sum(sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit)
        assert recall == pytest.approx(sum(hits) / len(bought[user]))
        assert ndcg == pytest.approx(gain / best)
        assert precision == pytest.approx(precisions / possible)


def test_the_recommender_beats_buying_again_on_every_test_date(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute(
        """
        select period, list_name, ndcg_gain_low from recommendations.recommendation_results
        where user_group = 'all' and method = 'recommender' and list_name <> 'buy_again' and period <> 'pooled'
        """
    ).fetchall()
    assert len(found) == 6
    assert all(low > 0 for *_, low in found), found


def test_lists_are_of_their_kind_and_ranked_by_score(built: duckdb.DuckDBPyConnection) -> None:
    wrong = built.execute(
        """
        with bought as (
            select distinct user_id, product_id from core.transactions where is_basket_line and not is_cancelled
        ),
        lists as (
            select *, bought.user_id is not null as is_bought,
                lag(score) over (partition by lists.user_id, list_name order by list_rank) as score_before
            from recommendations.product_recommendations as lists left join bought using (user_id, product_id)
        )
        select count(*) filter ((list_name = 'buy_again') <> is_bought and list_name <> 'popular'),
            count(*) filter (score > score_before), count(*) filter (list_rank > 10),
            count(*) filter (reason_text is null or reason_text_zh is null)
        from lists
        """
    ).fetchall()
    assert wrong == [(0, 0, 0, 0)]


def test_expected_and_seen_purchases_agree(built: duckdb.DuckDBPyConnection) -> None:
    """Scores are chances: what lists of the test dates promised is what came, within a tenth."""
    [(expected, seen)] = built.execute(
        """
        select sum(scores.score), count(bought.user_id)
        from learning.ml_user_product__scores as scores
        left join recommendations.rec_relevant_products as bought
            on scores.user_id = bought.user_id and scores.product_id = bought.product_id
            and cast(scores.as_of_date as date) = bought.as_of_date and bought.list_name = 'all'
        where cast(scores.as_of_date as date) in (select as_of_date from recommendations.rec_judged_lists)
        """
    ).fetchall()
    assert seen > 10_000
    assert expected == pytest.approx(seen, rel=0.1)
