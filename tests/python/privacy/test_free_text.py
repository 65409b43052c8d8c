"""Text that users wrote is published without what names somebody; nothing else is changed."""

# ruff: noqa: RUF001 full-width and Cyrillic letters are meant
from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from pathlib import Path

import pytest
from support.builds import DbtRuns
from support.shops import LINE_COLUMNS, NO_DATA_TESTS, ONE_LINE, built_shop, query_shop, run_on_shop, write_shop

PEOPLE = """user_id,full_name,phone,email
anna,Anna Zwölfer,+49 111 2223334,anna@example.com
wang,王小明,13900139000,
li,Li An,555 1234 567,
rose,Dr. Rose May Brown,,
long,Ввввввввввввввввввв Ггггггггггггггггггггггггг Дддддддддддддддд Ее Жжжжжжж,1,
odd,"[a-z]+ (.*|\\","\\",
"""
# Per user, what they wrote and what is published; nobody wrote what stands under "".
REDACTED = {
    "": {
        "mail anna@example.com!": "mail [e-mail]!",
        "anna @ example . com": "[e-mail]",
        "anna (at) example.com": "[e-mail]",
        "anna[at]example[dot]com": "[e-mail]",
        "anna at example dot com": "[e-mail]",
        "ＡＮＮＡ＠ＥＸＡＭＰＬＥ．ＣＯＭ": "[e-mail]",
        "anna@exam\u200bple.com": "[e-mail]",
        "我的邮箱是anna@example.com谢谢": "我的邮箱是[e-mail]谢谢",
        "用户@例子.中国": "[e-mail]",
        "o'neil.b+shop@mail.example.co.uk": "[e-mail]",
        "anna&#64;example.com": "[e-mail]",
        # a URL's own way of writing @, which analytics of Automattic/wp-calypso let pass
        "?redirect=%2Flog-in&email=anna%40example.com&x=1": "?redirect=%2Flog-in&email=[e-mail]&x=1",
        "电话13800138000谢谢": "[phone]谢谢",
        "138 0013 8000, 138-0013-8000": "[phone], [phone]",
        "8613800138000 (86)13800138000": "[phone] [phone]",
        "１３８００１３８０００": "[phone]",
        "1 3 8 0 0 1 3 8 0 0 0": "[phone]",
        "一三八零零一三八零零零": "[phone]",
        "+86 138 0013 8000": "[phone]",
        "+49 111 2223334": "[phone]",
        "+1 (555) 123-4567": "[phone]",
        "0049 111 2223334 or 00491112223334": "[phone] or [phone]",
        "tel 0791234567": "[phone]",
        "tel: 5551234": "[phone]",
        "(555) 123-4567 555-123-4567": "[phone] [phone]",
        "020 7946 0958": "[phone]",
        "010-12345678": "[phone]",
        "06 12 34 56 78": "[phone]",
        "2018-03-05 13800138000": "2018-03-05 [phone]",
        "13800138000,13900139000 13700137000": "[phone],[phone] [phone]",
        "٠٧٩١٢٣٤٥٦٧": "[phone]",
        "4111 1111 1111 1111": "[card]",
        # the expiry date behind it, which hid the card from rizzo-pii
        "4111 1111 1111 1111 12/26": "[card] 12/26",
        "2018 4111-1111-1111-1111": "2018 [card]",
        "378282246310005 3782 822463 10005": "[card] [card]",
        # Mastercard's second series, which presidio let pass
        "2221000000000009": "[card]",
        "11010519491231002X 110105 19491231 002X": "[identity number] [identity number]",
        "我的身份证11010519491231002X。": "我的身份证[identity number]。",
        "DE89370400440532013000": "[bank account]",
        "de89 3704 0044 0532 0130 00 thanks": "[bank account] thanks",
        "GB29 NWBK 6016 1331 9268 19": "[bank account]",
        "a" * 10_001: "[text]",
    },
    "anna": {
        "Anna Zwölfer": "[name]",
        "zwolfer, anna!": "[name]!",
        "A n n a Z w ö l f e r": "[name]",
        "ANNA\nZWÖLFER": "[name]",
        "Zwo\u0308lfer Anna": "[name]",
        "annazwölfer was here": "[name] was here",
        "call Anna Zwölfer Anna Zwölfer": "call [name] [name] [name]",
        "Frau Zwölfer, thanks, Anna": "Frau [name], thanks, [name]",
        "0111 2223334": "[phone]",
    },
    "wang": {"我是王小明。": "我是[name]。", "王 小 明": "[name]", "1 39-00 13 9000": "[phone]"},
    "li": {"Li An": "[name]", "An, Li": "[name]", "5551234567": "[phone]"},
    "rose": {"Rose Brown": "[name]", "brown rose": "[name]"},
    "long": {"жжжжжжж ДДДДДДДДДДДДДДДД Ввввввввввввввввввв": "жжжжжжж ДДДДДДДДДДДДДДДД [name]"},
}
KEPT = {
    "": [
        "500 ml, ordered 2018-03-05, size 38-40",
        "order 15012345678",
        "Order no. 13800138000",
        "订单号13800138000",
        "订单号：202018030512345678",
        "5 stars @ 2.50 each, 3 apples @ 2.50",
        "look at example store",
        "iphone 14 128 256 512",
        "$1,234.50 or 1 234,50",
        "12.03.2018 10:30",
        "15.03.2018 100 ml",
        # an instant, which presidio took for a card, and a name with a day, langwatch for a telephone
        "1748503543012 please check this",
        "hosted-eu-20260812-09",
        "1234-5678-1234-5678",
        "4111 1111 1111 1112",
        "110105194912310021",
        "DE89370400440532013001",
        "ean 4006381333931, 6901234567892",
        "SKU13800138000",
        "100 x 200 x 300 cm",
        "38 40 42 44 46 48",
        "5000 1000 2000 mAh",
        "９．５ ｓｔａｒｓ ５００ｍｌ ２０１８－０３－０５",
        "#hashtag @anna 24/7",
        "192.168.100.200 v1.2.3.4",
    ],
    "anna": ["Susanna liked it", "an annatto"],
    "wang": ["小王"],
    "li": ["italian food", "Li is ok"],
    "rose": ["rose water may be brown"],
    "odd": ["[a-z]+ (.*|"],
}


def luhn(digits: str) -> bool:
    """Judge a card number as its standard words it."""
    doubled = [int(each) * (2 if place % 2 else 1) for place, each in enumerate(reversed(digits))]
    return sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def identity(digits: str) -> bool:
    """Judge a Chinese identity number by powers of two modulo eleven."""
    return sum((10 if each == "X" else int(each)) * 2 ** (17 - place) for place, each in enumerate(digits)) % 11 == 1


def account(signs: str) -> bool:
    """Judge an IBAN."""
    return int("".join(str(int(each, 36)) for each in signs[4:] + signs[:4])) % 97 == 1


def drawn_numbers() -> dict[str, str]:
    """Return numbers drawn, few of them real, and what is published of each."""
    draw = random.Random(20261128)
    found = {}
    for _ in range(150):
        card = "4" + "".join(draw.choices("0123456789", k=15))
        person = f"{draw.randint(110000, 599999)}{draw.randint(1930, 2019)}{draw.randint(1, 12):02}" + "".join(
            [f"{draw.randint(1, 28):02}", *draw.choices("0123456789", k=3), draw.choice("0123456789X")]
        )
        iban = f"CH{draw.randint(2, 98):02}" + "".join(draw.choices("0123456789ABCXYZ", k=17))
        found |= {
            card: "[card]" if luhn(card) else card,
            person: "[identity number]" if identity(person) else person,
            iban: "[bank account]" if account(iban) else iban,
        }
    # each kind is drawn, and not only by chance
    assert {"[card]", "[identity number]", "[bank account]"} <= set(found.values())
    return found


CASES = [
    *((user, text, published) for user, texts in REDACTED.items() for text, published in texts.items()),
    *((user, text, text) for user, texts in KEPT.items() for text in texts),
    *(("", text, published) for text, published in drawn_numbers().items()),
]


def written(header: str, rows: list[tuple]) -> str:
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose users wrote every case, as a review and as a search."""
    return write_shop(
        tmp_path_factory.mktemp("texts"),
        {
            "users.csv": PEOPLE,
            "transactions.csv": ONE_LINE,
            "products.csv": "product_id,product_name\np1,Tea\n",
            "reviews.csv": written(
                "review_id,user_id,product_id,review_text,reviewed_at",
                [(place, user, "p1", text, "2026-03-14") for place, (user, text, _) in enumerate(CASES)],
            ),
            "events.csv": written(
                "event_id,user_id,event_type,search_text,occurred_at",
                [(place, user, "search", text, "2026-03-14") for place, (user, text, _) in enumerate(CASES)],
            ),
        },
    )


CLEANED = ("build", "--select", "+int_reviews_checked", "+int_events_checked", *NO_DATA_TESTS[2:])


def test_what_names_somebody_is_redacted_and_nothing_else(shop_dbt: DbtRuns, shop: Path) -> None:
    result = run_on_shop(shop_dbt, shop, *CLEANED)
    assert result.exit_code == 0, result.output
    for table, key, column in (("reviews", "review_id", "review_text"), ("events", "event_id", "search_text")):
        rows = query_shop(
            built_shop(shop_dbt),
            f"select cast({key} as int), {column}, coalesce(repairs, '') from cleaning.int_{table}_checked order by 1",
        )
        found = {CASES[place][:2]: text for place, text, _ in rows}
        assert found == {(user, text): published.replace("\n", " ") for user, text, published in CASES}
        noted = {CASES[place][:2] for place, _, repairs in rows if f"{column} held personal data" in repairs}
        assert noted == {(user, text) for user, text, published in CASES if text != published}


def test_left_out_text_says_only_that_there_was_one(shop_dbt: DbtRuns, shop: Path) -> None:
    result = run_on_shop(shop_dbt, shop, *CLEANED, "--vars={free_text: left_out}")
    assert result.exit_code == 0, result.output
    assert query_shop(
        built_shop(shop_dbt),
        "select distinct review_text, row_status, coalesce(contains(repairs, 'personal'), false)"
        " from cleaning.int_reviews_checked",
    ) == [("[text]", "kept", False)]


# What a column that names nobody held, and whether that stops the run.
MISPLACED = {
    "city": (["a1@example.com", "b2@example.com", "c3@example.com", "Ulm"], 3),
    "gender": (["13800138000", "139 0013 9000", "13700137000", "f"], 3),
    "region": (["4111111111111111", "378282246310005", "5555555555554444"], 3),
    "acquisition_channel": (["a1@example.com", "b2@example.com", "web"], 0),
    "income_band": (["50000-74999", "75000-99999", "150000-199999", "Under 15K"], 0),
    "age_band": (["19-24", "25-34", "35-44", "45-54"], 0),
}


@pytest.fixture
def logged_dbt(shop_dbt: DbtRuns) -> DbtRuns:
    """Dbt for shops, with a log of all that it does."""
    return replace(shop_dbt, log_level="debug")


def test_personal_data_in_another_column_stop_the_run(logged_dbt: DbtRuns, tmp_path: Path) -> None:
    users = [
        (f"mail{row}@example.com", *(values[row] if row < len(values) else "" for values, _ in MISPLACED.values()))
        for row in range(4)
    ]
    # one in fifty is a typing error
    users += [(f"u{row}", *("x" * (row % 2) for _ in MISPLACED)) for row in range(4)]
    lines = [f"t{row},o{row},u1,p1,1,1,2026-03-14,{'late@example.com' if row < 4 else 'web'}" for row in range(200)]
    folder = write_shop(
        tmp_path,
        {
            "users.csv": written(",".join(["user_id", *MISPLACED]), users),
            "transactions.csv": "\n".join([f"{LINE_COLUMNS},sales_channel", *lines, ""]),
        },
    )
    result = run_on_shop(logged_dbt, folder, *NO_DATA_TESTS)
    assert result.exit_code != 0
    found = [line.strip() for line in result.output.splitlines() if "expected no personal data" in line]
    assert sorted(line.partition(":")[0] for line in found) == sorted(
        f"Table users, column {name}" for name, (_, rows) in MISPLACED.items() if rows
    )
    assert all(" in 3 of " in line for line in found)
    log = (logged_dbt.folder / "logs" / "dbt.log").read_text()
    for text in ("@example.com", "13800138000", "4111111111111111"):
        assert text not in result.output + log


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("products/eve@example.com.csv", "product_id\np1\n", "found 1 with an e-mail address"),
        ("products/+49 111 2223334.csv", "product_id\np1\n", "found 1 with an e-mail address"),
        ("products.csv", "product_id,eve@example.com\np1,1\n", "found 1 that look like"),
        ("products.csv", "product_id,+49 111 2223334\np1,1\n", "found 1 that look like"),
        ("products.csv", "product_id,4111 1111 1111 1111\np1,1\n", "found 1 that look like"),
        ("products/2026-03-14 20260314120000.csv", "product_id,2026-03-14\np1,1\n", None),
        ("eve@example.com.xlsx", "", None),
    ],
)
def test_no_heading_and_no_name_of_a_file_is_repeated(
    logged_dbt: DbtRuns, tmp_path: Path, name: str, content: str, expected: str | None
) -> None:
    folder = write_shop(tmp_path, {"transactions.csv": ONE_LINE, name: content})
    # faults are found before anything is built
    result = run_on_shop(logged_dbt, folder, "build", "--select", "stg_shop_files__products")
    assert (result.exit_code == 0) == (expected is None)
    assert expected is None or expected in result.output
    log = (logged_dbt.folder / "logs" / "dbt.log").read_text()
    for text in ("eve@example.com", "+49 111 2223334", "4111 1111 1111 1111"):
        assert text not in result.output + log
