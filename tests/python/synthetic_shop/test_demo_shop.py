"""The synthetic shop: it repeats itself, keeps the contract, and its truth shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.builds import PROJECT_FOLDER
from support.shops import LOCAL_DATE, made_shop, rows

from demo_shop.shop import make_shop

# The contract of raw files, beside the optional updated_at.
CONTRACT = {
    "users": "user_id email phone full_name first_name last_name language street_address postal_code country "
    "push_token birth_year age_band gender income_band "
    "household_size city region acquisition_channel consent_email consent_sms "
    "consent_push consent_ads signup_at",
    "products": "product_id product_name department category subcategory brand "
    "product_kind list_price unit_cost launched_at",
    "transactions": "transaction_id order_id user_id product_id location_id coupon_id "
    "currency sales_channel order_status payment_method quantity unit_price "
    "discount_amount coupon_amount net_amount ordered_at updated_at",
    "events": "event_id user_id session_id product_id event_type channel search_text occurred_at",
    "stock_levels": "product_id location_id on_hand on_order lead_time_days counted_at",
    "reviews": "review_id user_id product_id review_text language rating reviewed_at",
    "campaigns": "campaign_id campaign_type campaign_class channel is_randomised starts_on ends_on",
    "campaign_contacts": "campaign_id user_id arm channel offer_id sent_at",
    "coupons": "coupon_id product_id campaign_id face_value discount_share",
    "coupon_redemptions": "redemption_id user_id coupon_id campaign_id redeemed_at",
    "point_movements": "movement_id user_id movement_type points moved_at",
    "promotions": "product_id location_id display mailer price_cut week_start_date",
}
KEYS = {
    "users": "user_id",
    "products": "product_id",
    "transactions": "transaction_id",
    "events": "event_id",
    "stock_levels": "product_id, location_id, counted_at",
    "reviews": "review_id",
    "campaigns": "campaign_id",
    "campaign_contacts": "campaign_id, user_id",
    "coupons": "coupon_id, product_id",
    "coupon_redemptions": "redemption_id",
    "point_movements": "movement_id",
    "promotions": "product_id, location_id, week_start_date",
}
NEGATIVE_WORDS = "失望|太差|糟糕|后悔|气死|Very disappointed|Terrible|Awful|waste of money|regret"


def content_hashes(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple]:
    """Per file and truth table, its row count and a hash of its rows."""
    tables = [*CONTRACT, "truth.users", "truth.offer_effects", "truth.guest_orders", "truth.stock_days"]
    return {
        table: rows(connection, f"select count(*), sum(hash(made)::hugeint) from {table} as made")[0]
        for table in tables
    }


@pytest.fixture(scope="module")
def small_shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, tuple]]:
    """Hashes of shops of 300 users and 60 days, by how they were made."""
    hashes = {}
    for name, seed, threads in [("first", 1, "2"), ("again, one thread", 1, "1"), ("other seed", 2, "2")]:
        folder = tmp_path_factory.mktemp("small") / "here"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("THREADS", threads)
            with made_shop(folder, users=300, days=60, seed=seed) as made:
                hashes[name] = content_hashes(made)
    return hashes


def test_the_same_seed_makes_the_same_shop(small_shops: dict[str, dict[str, tuple]]) -> None:
    assert small_shops["again, one thread"] == small_shops["first"]


def test_another_seed_makes_another_shop(small_shops: dict[str, dict[str, tuple]]) -> None:
    first, other = small_shops["first"], small_shops["other seed"]
    # so short a shop has the two open campaigns only, whose dates are fixed
    assert [table for table in first if first[table] == other[table]] == ["campaigns"]


def test_one_user_and_one_day_are_a_shop(tmp_path: Path) -> None:
    with made_shop(tmp_path / "here", users=1, days=1, seed=3) as made:
        assert rows(
            made,
            f"""
            select count(distinct user_id), min({LOCAL_DATE.format("ordered_at")})::text
            from transactions
            """,
        ) == [(1, "2026-06-30")]


@pytest.mark.parametrize("table", CONTRACT)
def test_files_are_filled_as_the_contract_says(shop: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = CONTRACT[table].split()
    assert [row[0] for row in rows(shop, f"describe {table}")] == columns
    filled = rows(shop, f"select {', '.join(f'count({name}) > 0' for name in columns)} from {table}")
    assert [name for name, has in zip(columns, filled[0], strict=True) if not has] == []
    assert rows(shop, f"select count(*) = count(distinct ({KEYS[table]})) from {table}") == [(True,)]


def test_amounts_add_up_to_the_cent(shop: duckdb.DuckDBPyConnection) -> None:
    wrong = rows(
        shop,
        """
        select * from transactions
        where
            net_amount < 0
            or net_amount is distinct from round(
                quantity * unit_price - discount_amount - coupon_amount, 2
            )
            or (coupon_amount > 0) != (coupon_id is not null)
        """,
    )
    assert wrong == []


def test_an_order_is_one_user_instant_and_channel(shop: duckdb.DuckDBPyConnection) -> None:
    assert (
        rows(
            shop,
            """
            select order_id from transactions
            group by order_id
            having
                count(distinct coalesce(user_id, '')) > 1
                or count(distinct ordered_at) > 1
                or count(distinct sales_channel) > 1
            """,
        )
        == []
    )


@pytest.mark.parametrize(
    ("table", "column", "home"),
    [
        (table, column, home)
        for column, home in [
            ("user_id", "users"),
            ("product_id", "products"),
            ("campaign_id", "campaigns"),
            ("coupon_id", "coupons"),
        ]
        for table, columns in CONTRACT.items()
        if table != home and column in columns.split()
    ],
)
def test_ids_are_listed(shop: duckdb.DuckDBPyConnection, table: str, column: str, home: str) -> None:
    assert (
        rows(shop, f"select {column} from {table} where {column} is not null except select {column} from {home}") == []
    )


def test_nothing_happens_too_early_or_too_late(shop: duckdb.DuckDBPyConnection) -> None:
    instants = {
        "transactions": ["ordered_at", "updated_at"],
        "events": ["occurred_at"],
        "reviews": ["reviewed_at"],
        "stock_levels": ["counted_at"],
        "users": ["signup_at"],
        "products": ["launched_at"],
        "campaign_contacts": ["sent_at"],
        "coupon_redemptions": ["redeemed_at"],
        "point_movements": ["moved_at"],
    }
    for table, columns in instants.items():
        for column in columns:
            assert rows(
                shop,
                f"""
                select
                    min({column}) >= '2000-01-01',
                    max({LOCAL_DATE.format(column)}) <= '2026-06-30'
                from {table}
                """,
            ) == [(True, True)], (table, column)


def test_users_order_after_they_signed_up(shop: duckdb.DuckDBPyConnection) -> None:
    assert (
        rows(
            shop,
            """
            select user_id from transactions inner join users using (user_id)
            where ordered_at < signup_at
            """,
        )
        == []
    )


def test_who_is_about_to_order_looks_around(shop: duckdb.DuckDBPyConnection) -> None:
    [(before, after)] = rows(
        shop,
        f"""
        with looks as (
            select user_id, {LOCAL_DATE.format("min(occurred_at)")} as day from events
            where user_id is not null
            group by user_id, session_id
            having not bool_or(event_type = 'purchase')
        ), orders as (
            select distinct user_id, {LOCAL_DATE.format("ordered_at")} as day from transactions
            where user_id is not null
        )
        select count_if(looks.day < orders.day), count_if(looks.day > orders.day)
        from orders inner join looks using (user_id)
        where abs(looks.day - orders.day) <= 5
        """,
    )
    # .3 of each of five days before, seen of two visits in five; those after are the next order's, or in vain
    assert after > 1000
    assert 1.5 < before / after < 2.5


def test_guests_register_after_their_orders(shop: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        shop,
        """
        select
            count(*) > 100,
            count(transactions.order_id) = count(*),
            count(transactions.user_id),
            bool_and(transactions.ordered_at < users.signup_at)
        from truth.guest_orders as guests
        inner join users on guests.user_id = users.user_id
        left join (
            select distinct order_id, user_id, ordered_at from transactions
        ) as transactions
            on guests.order_id = transactions.order_id
        """,
    ) == [(True, True, 0, True)]


def test_words_of_reviews_follow_the_rating(shop: duckdb.DuckDBPyConnection) -> None:
    found = {
        (language, is_negative): rating
        for language, is_negative, rating in rows(
            shop,
            f"""
            select
                language,
                regexp_matches(review_text, '{NEGATIVE_WORDS}') as is_negative,
                avg(rating)
            from reviews
            where review_text is not null
            group by all
            """,
        )
    }
    assert found["zh", True] < 3 < found["zh", False]
    assert found["en", True] < 3 < found["en", False]
    # variety: most texts of a language are not its commonest
    assert rows(shop, "select count(distinct review_text) > 300 from reviews") == [(True,)]


def test_reviews_are_of_what_was_bought_before(shop: duckdb.DuckDBPyConnection) -> None:
    assert (
        rows(
            shop,
            """
            select review_id from reviews
            where not exists (
                select 1 from transactions
                where
                    transactions.user_id = reviews.user_id
                    and transactions.product_id = reviews.product_id
                    and transactions.ordered_at < reviews.reviewed_at
            )
            """,
        )
        == []
    )


def test_some_shelves_are_empty(shop: duckdb.DuckDBPyConnection) -> None:
    ((share_out,),) = rows(shop, "select avg((on_hand = 0)::int) from stock_levels")
    assert 0.01 < share_out < 0.2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"users": -3}, "expected users as a whole number of at least 1, found -3."),
        ({"days": 1.5}, "expected days as a whole number of at least 1, found 1.5."),
        ({"days": 9000}, "data before 2000 counts as a wrong clock, found 9000."),
        ({"days": 5, "horizon_days": 4}, "expected horizon_days as a whole number of at least 5, found 4."),
        ({"users": 10**9}, "which order ids can hold, found 540000000000."),
        ({"plan": Path("nowhere")}, "nowhere/campaigns.parquet, found no such file."),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(tmp_path: Path, arguments: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^expected .*\.$") as refused:
        make_shop(tmp_path / "here", tmp_path / "made.duckdb", **arguments)
    assert str(refused.value).endswith(sentence)
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--users", "20", "--days", "9"], 0, "Made the shop of 20 users over 9 days"),
        (["--users", "0"], 1, "demo_shop: expected users as a whole number of at least"),
        (["--years", "1"], 2, "demo_shop: error: unrecognized arguments: --years 1"),
    ],
)
def test_the_command_says_what_it_did_or_what_is_wrong(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    made = subprocess.run(
        [
            *(sys.executable, "-m", "demo_shop", *arguments),
            *("--folder", tmp_path / "here", "--warehouse", tmp_path / "made.duckdb"),
        ],
        capture_output=True,
        text=True,
        cwd=PROJECT_FOLDER,
        check=False,
    )
    assert made.returncode == code, made.stderr
    last_line = (made.stderr or made.stdout).splitlines()[-1]
    assert last_line.startswith(said)
    assert len(list(tmp_path.glob("here/*.parquet"))) == (0 if code else len(CONTRACT))
