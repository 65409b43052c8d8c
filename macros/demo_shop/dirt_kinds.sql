{#
    The kinds of dirt that plant_dirt knows, each a list of rules. A rule says

    columns      per entity the columns it may strike; none: whole rows of any entity
    eligible     which rows it may strike
    dirty        expressions of the dirty value, drawn from evenly
    keeps_type   whether the column keeps its type; else it becomes text in its file
    swaps_with   the column that takes the clean value
    status       what cleaning must make of the row: kept, folded or rejected
    reason       the status_reason of such a row, or the repair if it is kept

    <column> and <entity> stand for the names, <draw> for a number in [0, 1).
#}
{% macro dirt_kinds() -%}
    {%- set broken_dates = [
        "'2026-13-45'",
        "'2026-02-30'",
        "'31/02/2026'",
        "'0000-00-00'",
        "'soon'",
        "strftime(<column>, '%Y-13-45 %H:%M:%S')",
    ] -%}
    {#- two decimals always: the last separator is then the decimal one -#}
    {%- set point_amount = "format('{:,.2f}', cast(<column> as double))" -%}
    {%- set comma_amount = "translate(" ~ point_amount ~ ", ',.', '.,')" -%}
    {%- set space_amount = "translate(" ~ point_amount ~ ", ',.', ' ,')" -%}
    {{ return({
        'duplicates': [{
            'columns': none,
            'eligible': 'true',
            'dirty': ['null'],
            'keeps_type': true,
            'status': 'folded',
            'reason': 'exact duplicate',
        }],
        'nulls': [{
            'columns': {
                'users': ['user_id'],
                'products': ['product_id'],
                'transactions': ['net_amount', 'ordered_at', 'product_id'],
                'events': ['event_type', 'occurred_at'],
                'stock_levels': ['on_hand'],
                'reviews': ['reviewed_at', 'product_id'],
                'campaign_contacts': ['user_id'],
                'coupon_redemptions': ['campaign_id'],
            },
            'eligible': '<column> is not null',
            'dirty': ['null'],
            'keeps_type': true,
            'status': 'rejected',
            'reason': '<column> is missing',
        }],
        'broken_dates': [
            {
                'columns': {
                    'transactions': ['ordered_at'],
                    'events': ['occurred_at'],
                    'stock_levels': ['counted_at'],
                    'reviews': ['reviewed_at'],
                    'coupon_redemptions': ['redeemed_at'],
                },
                'eligible': '<column> is not null',
                'dirty': broken_dates,
                'status': 'rejected',
                'reason': '<column> is unreadable',
            },
            {
                'columns': {'users': ['signup_at'], 'products': ['launched_at']},
                'eligible': '<column> is not null',
                'dirty': broken_dates,
                'status': 'kept',
                'reason': '<column> is unreadable, emptied',
            },
        ],
        'negative_quantities': [
            {
                'columns': {'transactions': ['quantity']},
                'eligible': '<column> > 0 and net_amount > 0',
                'dirty': ['-<column>'],
                'keeps_type': true,
                'status': 'rejected',
                'reason': '<column> is negative but net_amount is not',
            },
            {
                'columns': {'stock_levels': ['on_hand']},
                'eligible': '<column> > 0',
                'dirty': ['-<column>'],
                'keeps_type': true,
                'status': 'rejected',
                'reason': '<column> is negative',
            },
        ],
        'unknown_ids': [
            {
                'columns': {'transactions': ['product_id']},
                'eligible': '<column> is not null',
                'dirty': ["'unknown-<entity>-' || source_row"],
                'status': 'kept',
                'reason': 'product_id is unknown, product inferred',
            },
            {
                'columns': {'transactions': ['user_id']},
                'eligible': '<column> is not null',
                'dirty': ["'unknown-<entity>-' || source_row"],
                'status': 'kept',
                'reason': 'user_id is unknown',
            },
            {
                'columns': {
                    'events': ['product_id'],
                    'stock_levels': ['product_id'],
                    'reviews': ['product_id'],
                    'campaign_contacts': ['campaign_id'],
                    'coupon_redemptions': ['campaign_id'],
                    'promotions': ['product_id'],
                },
                'eligible': '<column> is not null',
                'dirty': ["'unknown-<entity>-' || source_row"],
                'status': 'rejected',
                'reason': '<column> is unknown',
            },
        ],
        'mixed_encodings': [{
            'columns': {
                'users': ['city'],
                'products': ['product_name'],
                'reviews': ['review_text'],
            },
            'eligible': 'strlen(<column>) > length(<column>)',
            'dirty': [utf_8_as_latin_1('<column>')],
            'status': 'kept',
            'reason': '<column> was in a wrong encoding',
        }],
        'case_and_whitespace': [{
            'columns': {
                'users': ['gender'],
                'products': ['category'],
                'transactions': ['sales_channel', 'order_status'],
                'events': ['event_type'],
            },
            'eligible': "trim(<column>) <> ''",
            'dirty': [
                "case when <column> <> upper(<column>) then upper(<column>)"
                " when <column> <> lower(<column>) then lower(<column>)"
                " else <column> || ' ' end",
                "' ' || <column>",
                "upper(<column>) || ' '",
                "chr(9) || <column>",
                "<column> || chr(160)",
                "'  ' || replace(<column>, ' ', '  ')",
            ],
            'status': 'kept',
            'reason': '<column> had other spaces or case',
        }],
        'currency_strings': [{
            'columns': {'products': ['list_price'], 'transactions': ['net_amount']},
            'eligible': '<column> >= 0',
            'dirty': [
                "'$' || " ~ point_amount,
                "'¥' || " ~ point_amount,
                "'CNY ' || " ~ point_amount,
                comma_amount ~ " || ' €'",
                space_amount,
            ],
            'status': 'kept',
            'reason': '<column> was written as a currency',
        }],
        'swapped_columns': [{
            'columns': {'transactions': ['user_id'], 'reviews': ['user_id']},
            'eligible': '<column> <> product_id',
            'dirty': ['product_id'],
            'swaps_with': 'product_id',
            'status': 'kept',
            'reason': 'user_id and product_id were swapped',
        }],
        'out_of_range_ages': [{
            'columns': {'users': ['birth_year']},
            'eligible': '<column> > 0',
            'dirty': [
                'cast(floor(1200 + 700 * <draw>) as int)',
                'cast(floor(2100 + 900 * <draw>) as int)',
                '-<column>',
            ],
            'keeps_type': true,
            'status': 'kept',
            'reason': '<column> is out of range, emptied',
        }],
        'clock_skew': [
            {
                'columns': {'transactions': ['ordered_at'], 'events': ['occurred_at']},
                'eligible': '<column> is not null',
                'dirty': [
                    "timestamp '1970-01-01'",
                    "timestamp '1970-01-01' + floor(365 * <draw>) * interval 1 day",
                ],
                'keeps_type': true,
                'status': 'rejected',
                'reason': '<column> is before 2000',
            },
            {
                'columns': {'transactions': ['ordered_at'], 'events': ['occurred_at']},
                'eligible': '<column> is not null',
                'dirty': ['<column> + interval 40 year'],
                'keeps_type': true,
                'status': 'rejected',
                'reason': '<column> is in the future',
            },
        ],
    }) }}
{%- endmacro %}

{# What names a row, per entity; dirt is planted in no others. #}
{% macro dirt_keys() -%}
    {{ return({
        'users': ['user_id'],
        'products': ['product_id'],
        'transactions': ['transaction_id'],
        'events': ['event_id'],
        'stock_levels': ['product_id', 'location_id', 'counted_at'],
        'reviews': ['review_id'],
        'campaigns': ['campaign_id'],
        'campaign_contacts': ['campaign_id', 'user_id'],
        'coupons': ['coupon_id', 'product_id', 'campaign_id'],
        'coupon_redemptions': ['redemption_id'],
        'promotions': ['product_id', 'location_id', 'week_start_date'],
    }) }}
{%- endmacro %}

{# A text as a program shows it that takes each byte of UTF-8 for a character. #}
{% macro utf_8_as_latin_1(text) -%}
    array_to_string(
        list_transform(
            regexp_extract_all(hex({{ text }}), '..'),
            lambda byte: chr(cast('0x' || byte as int))
        ),
        ''
    )
{%- endmacro %}

{# A draw per row; draws of different purposes are independent. #}
{% macro dirt_draw(seed, entity, purpose) -%}
    {{ uniform({'seed': seed}, entity ~ ' ' ~ purpose, ['source_row']) }}
{%- endmacro %}
