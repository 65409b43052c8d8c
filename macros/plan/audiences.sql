{#
    What audience rules may name. Numbers and texts are columns of ftr_user__snapshot,
    user_texts and user_numbers of users, member_texts and member_numbers of mbr_current_members, values of user_value; dec_activity_values counts
    what is of goods or of contacts.
#}
{% macro plan_attributes() -%}
    {%- set windows = var('feature_windows') -%}
    {%- set numbers = [
        'days_since_last_order', 'days_since_second_last_order',
        'days_since_first_order', 'mean_gap_days', 'median_gap_days', 'longest_gap_days',
        'silence_in_gaps', 'recency_score', 'frequency_score', 'monetary_score',
        'rfm_score', 'household_size', 'weekend_share', 'mean_order_hour',
        'fuel_order_share', 'largest_day_amount', 'contact_count', 'open_contact_count',
        'days_since_last_contact', 'redemption_count', 'redemption_count_91d',
        'redeemed_campaign_count', 'redeemed_campaign_share',
        'days_since_last_redemption',
    ] -%}
    {%- for days in windows.user -%}
        {%- for name in ['order_count', 'active_day_count', 'net_amount'] -%}
            {%- do numbers.append(name ~ '_' ~ days ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for days in windows.user_amount -%}
        {%- for name in [
            'lines_per_order', 'categories_per_day', 'basket_amount_per_order',
            'discount_share', 'own_brand_share', 'coupon_amount', 'coupon_order_count',
        ] -%}
            {%- do numbers.append(name ~ '_' ~ days ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set values = [] -%}
    {%- for days in var('value_horizons') -%}
        {%- for name in ['expected_orders', 'expected_margin'] -%}
            {%- do values.append(name ~ '_' ~ days ~ 'd') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return({
        'numbers': numbers,
        'values': values,
        'user_numbers': ['birth_year'],
        'texts': ['segment_name', 'age_band', 'income_band'],
        'member_numbers': [
            'days_in_tier', 'days_until_tier_ends', 'available_points',
            'next_lapsing_points', 'days_until_points_lapse', 'days_until_anniversary',
        ],
        'member_texts': ['tier'],
        'user_texts': ['gender', 'city', 'region', 'acquisition_channel'],
        'of_goods': [
            'times_bought', 'units_bought', 'amount_bought', 'days_since_bought',
            'times_viewed', 'days_since_viewed', 'times_in_cart', 'days_since_in_cart',
            'times_complained', 'days_since_complained',
        ],
        'of_contacts': ['times_contacted', 'days_since_contacted'],
    }) }}
{%- endmacro %}

{# The words that a column of the plan's seeds may hold, by column. #}
{% macro plan_words() -%}
    {{ return({
        'campaign_type': ['push_ad', 'coupon', 'member_activity'],
        'plan_status': ['draft', 'approved'],
        'discount_kind': ['amount', 'share', 'points', 'none'],
        'consent': ['email', 'sms', 'push', 'ads', 'none'],
        'suppression_kind': ['opt_out', 'complaint', 'risk', 'erasure'],
        'attribute': plan_attributes().values() | sum(start=[]),
        'operator': ['at_least', 'at_most', 'equals', 'one_of'],
        'decision': ['withdrawn'],
        'audience_rule': plan_audiences(),
    }) }}
{%- endmacro %}

{# Names of audiences that need no rule: all users, and those with an interest. #}
{% macro plan_audiences() -%}
    {{ return(['everybody', 'interested']) }}
{%- endmacro %}
