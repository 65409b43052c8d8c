"""From the files of a florist to alerts: every review is read or said not to be, and nobody counts twice."""

from __future__ import annotations

from itertools import chain

import pytest
from support.builds import DbtRuns
from support.shops import built_shop, query_shop, run_on_shop, write_shop

WILTED = ("The roses were wilted.", "Not fresh at all, they were brown", "玫瑰不新鲜", "Rotten after one day, so sad")
LOVELY = ("Lovely tulips, very fresh!", "很新鲜，很漂亮，非常满意", "Beautiful and fresh, great value")
# users, the product and what each wrote
WRITTEN = [
    *((f"u{user}", "rose", WILTED[user % len(WILTED)]) for user in range(12)),
    *((f"u{user}", "tulip", LOVELY[user % len(LOVELY)]) for user in range(12, 40)),
    # one shouts, two take back, and the rest cannot be read
    *(("u0", "rose", "Wilted again!") for _ in range(5)),
    *((user, "rose", "Lovely roses this time, very fresh and beautiful") for user in ("u1", "u2")),
    ("u2", "tulip", "Die Tulpen sind sehr schön und nicht teuer"),
    ("u3", "tulip", "12345"),
]


@pytest.fixture(scope="module")
def florist(tmp_path_factory: pytest.TempPathFactory, shop_dbt: DbtRuns) -> DbtRuns:
    """Dbt, after the tables of reviews of a small shop were made."""
    lines = [
        f"l{user},o{user},u{user},{'rose' if user < 12 else 'tulip'},1,9.5,9.5,2026-03-01 10:00:00,completed"
        for user in range(40)
    ]
    reviews = [
        f'r{place},{user},{product},"{text}",2026-03-{2 + place // 5:02} 09:00:00'
        for place, (user, product, text) in enumerate(WRITTEN)
    ]
    last = "l99,o99,u0,tulip,1,9.5,9.5,2026-03-20 10:00:00,completed"
    columns = "transaction_id,order_id,user_id,product_id,quantity,unit_price,net_amount,ordered_at,order_status"
    files = {
        "transactions.csv": [columns, *lines, last],
        "products.csv": ["product_id,product_name,category", "rose,Roses,FLOWERS", "tulip,Tulips,FLOWERS"],
        "reviews.csv": ["review_id,user_id,product_id,review_text,reviewed_at", *reviews],
    }
    folder = write_shop(
        tmp_path_factory.mktemp("florist"), {name: "\n".join([*rows, ""]) for name, rows in files.items()}
    )
    result = run_on_shop(
        shop_dbt, folder, "build", "--select", "+product_voice", "--exclude-resource-type", "unit_test"
    )
    assert result.exit_code == 0, result.output
    return shop_dbt


def test_every_review_of_the_files_is_read_or_said_not_to_be(florist: DbtRuns) -> None:
    counts = dict(
        query_shop(built_shop(florist), "select reading, count(*) from reviews.review_sentiment group by all")
    )
    assert counts == {"read": len(WRITTEN) - 2, "language_not_read": 1, "no_text": 1}


def test_a_product_that_disappoints_alarms_and_another_does_not(florist: DbtRuns) -> None:
    voice = query_shop(
        built_shop(florist),
        """
        select product_id, aspect, review_count, complaint_share, is_complaint_alert from reviews.product_voice
        where aspect in ('all', 'freshness') order by all
        """,
    )
    # twelve voices, whoever wrote more often; two took their complaint back
    assert {tuple(row[:2]) for row in voice} == {("rose", "all"), ("rose", "freshness")}
    assert all(count == 12 and 0 < share < 1 and is_alert for *_, count, share, is_alert in voice)


def test_no_text_stands_in_a_table_that_is_published(florist: DbtRuns) -> None:
    for table in ("review_sentiment", "review_aspects", "product_voice"):
        cells = chain.from_iterable(query_shop(built_shop(florist), f"from reviews.{table}"))
        assert not {text for *_, text in WRITTEN if text} & {cell for cell in cells if isinstance(cell, str)}
