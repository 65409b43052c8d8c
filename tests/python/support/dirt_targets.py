"""A clean shop of every table, and the cells that each kind of dirt strikes."""

from __future__ import annotations

from dataclasses import dataclass

# A clean shop of every table: columns that are struck, and some that are not.
CLEAN_TABLES = {
    "users": """
        select
            'u' || i as user_id,
            'u' || i || '@shop.example' as email,
            1940 + i % 60 as birth_year,
            ['female', 'male', 'other'][1 + i % 3] as gender,
            ['Zürich', 'Bern', '上海', null][1 + i % 4] as city,
            timestamp '2020-01-01 08:00:00' + i * interval 1 hour as signup_at,
        from range({rows}) as numbers (i)
    """,
    "products": """
        select
            'p' || i as product_id,
            ['Café', 'Tea', '茶'][1 + i % 3] || ' no. ' || i as product_name,
            ['Hot Drinks', 'Pet Food', '饮料', 'TOYS'][1 + i % 4] as category,
            cast(if(i % 10 = 0, null, i * 1.07) as decimal(18, 2)) as list_price,
            if(i % 9 = 0, null, timestamp '2019-01-01' + i * interval 1 hour)
                as launched_at,
        from range({rows}) as numbers (i)
    """,
    "transactions": """
        select
            't' || i as transaction_id,
            'o' || i // 3 as order_id,
            if(i % 5 = 0, null, 'u' || i * 7 % {rows}) as user_id,
            'p' || i * 11 % {rows} as product_id,
            ['web', 'app', 'store'][1 + i % 3] as sales_channel,
            ['paid', 'completed'][1 + i % 2] as order_status,
            cast(if(i % 20 = 0, -1, 1 + i % 4) as decimal(18, 3)) as quantity,
            cast(3.25 + i as decimal(18, 4)) as unit_price,
            cast(quantity * unit_price as decimal(18, 2)) as net_amount,
            timestamp '2025-01-01 09:30:00' + i * interval 1 minute as ordered_at,
            i % 2 = 0 as is_gift,
        from range({rows}) as numbers (i)
    """,
    "events": """
        select
            'e' || i as event_id,
            'u' || i * 3 % {rows} as user_id,
            if(i % 4 = 0, null, 'p' || i * 13 % {rows}) as product_id,
            ['view', 'add_to_cart', 'search'][1 + i % 3] as event_type,
            timestamp '2025-03-01' + i * interval 90 second as occurred_at,
        from range({rows}) as numbers (i)
    """,
    "stock_levels": """
        select
            'p' || i as product_id,
            'l' || i % 3 as location_id,
            cast(i % 8 as decimal(18, 3)) as on_hand,
            timestamp '2025-06-01' + i * interval 1 second as counted_at,
        from range({rows}) as numbers (i)
    """,
    "reviews": """
        select
            'r' || i as review_id,
            if(i % 6 = 0, null, 'u' || i) as user_id,
            'p' || i as product_id,
            ['Très bon', 'good', '很好', 'naïve'][1 + i % 4] as review_text,
            1 + i % 5 as rating,
            timestamp '2025-02-01' + i * interval 1 hour as reviewed_at,
        from range({rows}) as numbers (i)
    """,
    "campaigns": """
        select
            'c' || i as campaign_id,
            'coupon' as campaign_type,
            date '2025-01-01' as starts_on,
            date '2025-02-01' as ends_on,
        from range({rows}) as numbers (i)
    """,
    "campaign_contacts": """
        select
            'c' || i % 9 as campaign_id,
            'u' || i as user_id,
            'treatment' as arm,
        from range({rows}) as numbers (i)
    """,
    "coupons": """
        select
            'k' || i as coupon_id,
            'p' || i as product_id,
            'c' || i % 9 as campaign_id,
        from range({rows}) as numbers (i)
    """,
    "coupon_redemptions": """
        select
            'd' || i as redemption_id,
            'u' || i as user_id,
            'k' || i as coupon_id,
            'c' || i % 9 as campaign_id,
            timestamp '2025-01-05' + i * interval 1 minute as redeemed_at,
        from range({rows}) as numbers (i)
    """,
    "promotions": """
        select
            'p' || i as product_id,
            'l' || i % 3 as location_id,
            date '2025-01-06' as week_start_date,
        from range({rows}) as numbers (i)
    """,
}

KEYS = {
    "users": "user_id",
    "products": "product_id",
    "transactions": "transaction_id",
    "events": "event_id",
    "stock_levels": "product_id || '/' || location_id || '/' || counted_at",
    "reviews": "review_id",
    "campaigns": "campaign_id",
    "campaign_contacts": "campaign_id || '/' || user_id",
    "coupons": "coupon_id || '/' || product_id || '/' || campaign_id",
    "coupon_redemptions": "redemption_id",
    "promotions": "product_id || '/' || location_id || '/' || week_start_date",
}


@dataclass(frozen=True)
class Target:
    """What a kind of dirt may strike in a table, and what cleaning says to it."""

    entity: str
    column: str | None
    status: str
    reason: str
    eligible: str


def targets(columns: dict[str, str], status: str, reason: str, eligible: str = "{} is not null") -> list[Target]:
    """Return a target per column; `{}` stands for its name."""
    return [
        Target(entity, name, status, reason.format(name), eligible.format(name))
        for entity, names in columns.items()
        for name in names.split()
    ]


INSTANTS = {"transactions": "ordered_at", "events": "occurred_at"}
NON_ASCII = "regexp_matches({}, '[^ -~]')"

TARGETS = {
    "duplicates": [Target(entity, None, "deduplicated", "exact duplicate", "true") for entity in KEYS],
    "nulls": targets(
        {
            "transactions": "net_amount ordered_at product_id",
            "users": "user_id",
            "products": "product_id",
            "events": "event_type occurred_at",
            "reviews": "reviewed_at product_id",
            "coupon_redemptions": "campaign_id",
            "campaign_contacts": "user_id",
            "stock_levels": "on_hand",
        },
        "rejected",
        "{} is missing",
    ),
    "broken_dates": targets(
        INSTANTS | {"reviews": "reviewed_at", "stock_levels": "counted_at", "coupon_redemptions": "redeemed_at"},
        "rejected",
        "{} is unreadable",
    )
    + targets({"users": "signup_at", "products": "launched_at"}, "kept", "{} is unreadable, emptied"),
    "negative_quantities": targets(
        {"transactions": "quantity"},
        "rejected",
        "quantity is negative but net_amount is not",
        "quantity > 0 and net_amount > 0",
    )
    + targets({"stock_levels": "on_hand"}, "kept", "on_hand is negative, none available", "on_hand > 0"),
    "unknown_ids": targets({"transactions": "product_id"}, "kept", "product_id is unknown, product inferred")
    + targets({"transactions": "user_id"}, "kept", "user_id is unknown")
    + targets(
        {
            "events": "product_id",
            "reviews": "product_id",
            "stock_levels": "product_id",
            "promotions": "product_id",
            "coupon_redemptions": "campaign_id",
            "campaign_contacts": "campaign_id",
        },
        "rejected",
        "{} is unknown",
    ),
    "mixed_encodings": targets(
        {"products": "product_name", "users": "city", "reviews": "review_text"},
        "kept",
        "{} was in a wrong encoding",
        NON_ASCII,
    ),
    "case_and_whitespace": targets(
        {
            "users": "gender",
            "transactions": "sales_channel order_status",
            "events": "event_type",
            "products": "category",
        },
        "kept",
        "{} had other spaces or case",
    ),
    "currency_strings": targets(
        {"transactions": "net_amount", "products": "list_price"}, "kept", "{} was written as a currency", "{} >= 0"
    ),
    "swapped_columns": targets(
        {"transactions": "user_id", "reviews": "user_id"},
        "kept",
        "user_id and product_id were swapped",
        "user_id is not null and product_id is not null",
    ),
    "out_of_range_ages": targets({"users": "birth_year"}, "kept", "birth_year is out of range, emptied"),
    "clock_skew": targets(INSTANTS, "rejected", "{} is before 2000")
    + targets(INSTANTS, "rejected", "{} is in the future"),
}

# Text is planted in these; the file then holds the whole column as text.
TEXT_KINDS = {
    "broken_dates",
    "unknown_ids",
    "mixed_encodings",
    "case_and_whitespace",
    "currency_strings",
    "swapped_columns",
}

# Shares of a half leave room for two kinds per table.
REQUESTS = {
    "a hundredth of each kind": dict.fromkeys(TARGETS, 0.01),
    "a tenth of each kind": dict.fromkeys(TARGETS, 0.1),
} | {
    f"a half of {', '.join(kinds)}": dict.fromkeys(kinds, 0.5)
    for kinds in (
        ("duplicates", "nulls"),
        ("broken_dates", "negative_quantities"),
        ("unknown_ids", "case_and_whitespace"),
        ("currency_strings", "swapped_columns"),
        ("mixed_encodings", "out_of_range_ages", "clock_skew"),
    )
}
