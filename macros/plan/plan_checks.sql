{#
    Checks of the plan's seeds: per check the seed, the column, an expression that is
    true for a faulty row, and the expected value. plan_faults defines the CTEs choices,
    audiences, products, known_campaigns, shop_campaigns and shop_users. Each fault is
    reported once: a value that is no date is not also reported as before another date.
#}
{% macro plan_checks() -%}
    {%- set words = plan_words() -%}
    {%- set attributes = plan_attributes() -%}
    {%- set activities = attributes.of_goods + attributes.of_contacts -%}
    {%- set texts = attributes.texts + attributes.user_texts + attributes.member_texts -%}
    {%- set audience = 'everybody, interested or a rule of audience_rules' -%}
    {%- set unknown_audience = 'audience_rule is not null and '
        ~ not_in('audience_rule', 'audiences', 'audience_rule') -%}
    {%- set money = 'decimal(18, 2)' -%}
    {{ return([
        ('campaign_plan', 'campaign_type', not_one_of('campaign_type', words.campaign_type),
            words.campaign_type | join(', ')),
        ('campaign_plan', 'objective_task', no_choice('objective_task'),
            'a task of learning_tasks'),
        ('campaign_plan', 'channel', not_in('channel', 'channels', 'channel'),
            'a channel of channels'),
        ('campaign_plan', 'audience_rule', unknown_audience, audience),
        ('campaign_plan', 'plan_status', not_one_of('plan_status', words.plan_status),
            'draft or approved'),
        ('campaign_plan', 'priority', not_between('priority', 'bigint', 1),
            'a whole number from 1'),
        ('campaign_plan', 'budget_amount', not_between('budget_amount', money, 0),
            'an amount of 0 or more'),
        ('campaign_plan', 'control_share', not_inside('control_share', 0, 1),
            'a share above 0 and below 1'),
        ('campaign_plan', 'starts_on', 'try_cast(starts_on as date) is null', 'a date'),
        ('campaign_plan', 'ends_on', not_from('ends_on', 'starts_on'),
            'a date that is not before starts_on'),
        ('campaign_plan', 'campaign_id', not_in('campaign_id', 'offers', 'campaign_id'),
            'an id with an offer in offers'),
        ('offers', 'offer_id', 'offer_id is null or '
            ~ 'offer_id in (select campaign_id from shop_campaigns)',
            'an id that no campaign of the shop has'),
        ('offers', 'campaign_id', not_in('campaign_id', 'campaign_plan', 'campaign_id'),
            'a campaign of campaign_plan'),
        ('offers', 'discount_kind', not_one_of('discount_kind', words.discount_kind),
            words.discount_kind | join(', ')),
        ('offers', 'discount_kind', "discount_kind = 'points' and "
            ~ 'not exists (select 1 from point_rules)',
            'amount, share or none, as the shop has no point_rules'),
        ('offers', 'discount_value',
            not_a_discount(), 'an amount of 0 or more, or a share up to 1'),
        ('offers', 'funded_share', not_between('funded_share', 'double', 0, 1),
            'a share from 0 to 1'),
        ('offers', 'cost_per_redemption', not_between('cost_per_redemption', money, 0),
            'an amount of 0 or more'),
        ('offers', 'minimum_basket_amount', 'minimum_basket_amount is not null and '
            ~ not_between('minimum_basket_amount', money, 0), 'an amount of 0 or more'),
        ('offers', 'stock_cap', 'stock_cap is not null and '
            ~ not_between('stock_cap', 'bigint', 0), 'a whole number of 0 or more'),
        ('offers', 'eligible_category', 'eligible_category is not null and '
            ~ no_choice('eligible_category', 'category'),
            'a category of the shop'),
        ('offers', 'eligible_products',
            'coalesce(eligible_category, eligible_products) is null',
            'products, or a category in eligible_category'),
        ('channels', 'channel', "coalesce(channel like '%/%' or channel like '.%', true)",
            'a name that a folder can have'),
        ('channels', 'consent',
            not_one_of('consent', words.consent),
            'email, sms, push, ads or none'),
        ('channels', 'cost_per_contact', not_between('cost_per_contact', money, 0),
            'an amount of 0 or more'),
        ('channels', 'most_contacts_per_user_week',
            not_between('most_contacts_per_user_week', 'bigint', 1),
            'a whole number from 1'),
        ('channels', 'most_contacts_per_week', 'most_contacts_per_week is not null and '
            ~ not_between('most_contacts_per_week', 'bigint', 0),
            'a whole number of 0 or more'),
        ('channels', 'send_from_hour', not_between('send_from_hour', 'bigint', 0, 23),
            'an hour from 0 to 23'),
        ('channels', 'send_until_hour',
            'coalesce(try_cast(send_until_hour as bigint)'
            ~ ' <= try_cast(send_from_hour as bigint), false) or '
            ~ not_between('send_until_hour', 'bigint', 1, 24),
            'an hour up to 24, after send_from_hour'),
        ('blackout_dates', 'first_date', 'try_cast(first_date as date) is null', 'a date'),
        ('blackout_dates', 'last_date', not_from('last_date', 'first_date'),
            'a date that is not before first_date'),
        ('blackout_dates', 'channel', 'channel is not null and '
            ~ not_in('channel', 'channels', 'channel'), 'a channel of channels, or none'),
        ('point_rules', 'first_date', 'try_cast(first_date as date) is null', 'a date'),
        ('point_rules', 'points_per_amount',
            not_between('points_per_amount', 'decimal(18, 6)', 0, 1000000),
            'points per unit of money, 0 or more'),
        ('point_rules', 'amount_per_point',
            not_between('amount_per_point', 'decimal(18, 6)', 0, 1000000),
            'an amount of 0 or more'),
        ('point_rules', 'pending_days', not_between('pending_days', 'bigint', 0, 36525),
            'a whole number of days, 0 or more'),
        ('point_rules', 'lasting_days', not_between('lasting_days', 'bigint', 1, 36525),
            'a whole number of days from 1'),
        ('tier_rules', 'tier', 'tier is null', 'a name'),
        ('tier_rules', 'first_date', 'try_cast(first_date as date) is null', 'a date'),
        ('tier_rules', 'least_amount', not_between('least_amount', money, 0),
            'an amount of 0 or more'),
        ('tier_rules', 'pending_days', not_between('pending_days', 'bigint', 0, 36525),
            'a whole number of days, 0 or more'),
        ('tier_rules', 'window_days', not_between('window_days', 'bigint', 1, 36525),
            'a whole number of days from 1'),
        ('tier_rules', 'review_days', not_between('review_days', 'bigint', 1, 36525),
            'a whole number of days from 1'),
        ('tier_rules', 'grace_days', not_between('grace_days', 'bigint', 0, 36525)
            ~ ' or coalesce(try_cast(review_days as bigint) between 1'
            ~ ' and try_cast(grace_days as bigint), false)',
            'a whole number of days, 0 or more, and fewer than review_days'),
        ('suppressions', 'user_id', "user_id is null or user_id like '%@%'",
            'the pseudonym of a user'),
        ('suppressions', 'suppression_kind',
            not_one_of('suppression_kind', words.suppression_kind),
            'opt_out, complaint, risk or erasure'),
        ('suppressions', 'channel', 'channel is not null and '
            ~ not_in('channel', 'channels', 'channel'), 'a channel of channels, or none'),
        ('suppressions', 'first_date', 'try_cast(first_date as date) is null', 'a date'),
        ('suppressions', 'last_date', 'last_date is not null and '
            ~ not_from('last_date', 'first_date'),
            'a date that is not before first_date, or none'),
        ('audience_rules', 'audience_rule',
            'not ' ~ not_one_of('audience_rule', plan_audiences()) ~ ' or audience_rule is null',
            'a name other than everybody and interested'),
        ('audience_rules', 'attribute', not_one_of('attribute', words.attribute),
            'an attribute that docs/your-data.md names'),
        ('audience_rules', 'category', 'category is not null and ('
            ~ not_one_of('attribute', attributes.of_goods) ~ ' or '
            ~ no_choice('category') ~ ')',
            'a category of the shop, and one only where goods are counted'),
        ('audience_rules', 'brand', 'brand is not null and ('
            ~ not_one_of('attribute', attributes.of_goods) ~ ' or '
            ~ not_in('brand', 'products', 'brand') ~ ')',
            'a brand of the shop, and one only where goods are counted'),
        ('audience_rules', 'product_id', 'product_id is not null and ('
            ~ not_one_of('attribute', attributes.of_goods) ~ ' or '
            ~ not_in('product_id', 'products', 'product_id') ~ ')',
            'a product of the shop, and one only where goods are counted'),
        ('audience_rules', 'window_days', 'window_days is not null and ('
            ~ not_one_of('attribute', activities) ~ ' or '
            ~ not_between('window_days', 'bigint', 1, 36525) ~ ')',
            'a whole number from 1, and one only where purchases, views or contacts are counted'),
        ('audience_rules', 'operator', not_one_of('operator', words.operator),
            'at_least, at_most, equals or one_of'),
        ('audience_rules', 'operator', "operator in ('at_least', 'at_most') and not "
            ~ not_one_of('attribute', texts) ~ " or operator = 'one_of' and "
            ~ one_of('attribute', words.attribute) ~ ' and ' ~ not_one_of('attribute', texts),
            'at_least, at_most or equals for a number, equals or one_of for a text'),
        ('audience_rules', 'value', 'value is null or (operator in '
            ~ "('at_least', 'at_most') or operator = 'equals' and "
            ~ one_of('attribute', words.attribute) ~ ' and '
            ~ not_one_of('attribute', texts) ~ ') and '
            ~ not_between('value', 'double', -1e15),
            'a value, or a number to compare'),
        ('draft_templates', 'template_id', 'template_id is null', 'a name'),
        ('draft_templates', 'festival_name', 'festival_name is not null and '
            ~ no_choice('festival_name'),
            'a festival or holiday of market_calendar, or none'),
        ('draft_templates', 'campaign_type', not_one_of('campaign_type', words.campaign_type),
            words.campaign_type | join(', ')),
        ('draft_templates', 'days_before', not_between('days_before', 'bigint', 0),
            'a whole number of 0 or more'),
        ('draft_templates', 'budget_amount', not_between('budget_amount', money, 0),
            'an amount of 0 or more'),
        ('draft_templates', 'discount_kind', not_one_of('discount_kind', words.discount_kind),
            words.discount_kind | join(', ')),
        ('draft_templates', 'discount_kind', "discount_kind = 'points' and "
            ~ 'not exists (select 1 from point_rules)',
            'amount, share or none, as the shop has no point_rules'),
        ('draft_templates', 'discount_value', not_a_discount(),
            'an amount of 0 or more, or a share up to 1'),
        ('draft_templates', 'cost_per_redemption',
            not_between('cost_per_redemption', money, 0), 'an amount of 0 or more'),
        ('draft_templates', 'funded_share', not_between('funded_share', 'double', 0, 1),
            'a share from 0 to 1'),
        ('draft_templates', 'channel', not_in('channel', 'channels', 'channel'),
            'a channel of channels'),
        ('draft_templates', 'objective_task', no_choice('objective_task'),
            'a task of learning_tasks'),
        ('draft_templates', 'audience_rule', unknown_audience, audience),
        ('draft_templates', 'control_share', not_inside('control_share', 0, 1),
            'a share above 0 and below 1'),
        ('draft_templates', 'eligible_category', 'eligible_category is not null and '
            ~ no_choice('eligible_category', 'category'),
            'a category of the shop'),
        ('decision_corrections', 'decision', not_one_of('decision', words.decision),
            'withdrawn'),
        ('decision_corrections', 'campaign_id',
            not_in('campaign_id', 'known_campaigns', 'campaign_id'),
            'a campaign of campaign_plan, or one launched before'),
        ('decision_corrections', 'user_id', not_in('user_id', 'shop_users', 'user_id'),
            'the pseudonym of a user'),
        ('decision_corrections', 'corrected_on', 'try_cast(corrected_on as date) is null',
            'a date'),
    ]) }}
{%- endmacro %}

{# Campaigns of the plan, and of the ledger: no ref, as it is written after the plan. #}
{% macro known_campaigns() -%}
    {%- set ledger = adapter.get_relation(
        target.database, generate_schema_name('campaigns', model), 'decision_ledger'
    ) if execute -%}
    select campaign_id from campaign_plan
    {%- if ledger %}
        union distinct
        select campaign_id from {{ ledger }}
    {%- endif %}
{%- endmacro %}

{# One of some words; not null. #}
{% macro one_of(column, words) -%}
    {{ return(column ~ " in ('" ~ words | join("', '") ~ "')") }}
{%- endmacro %}

{# Null, or none of some words. #}
{% macro not_one_of(column, words) -%}
    {{ return(
        "coalesce(" ~ column ~ " not in ('" ~ words | join("', '") ~ "'), true)"
    ) }}
{%- endmacro %}

{# Null, or not in a column of a CTE. #}
{% macro not_in(column, relation, other_column) -%}
    {{ return(
        '(' ~ column ~ ' is null or ' ~ column ~ ' not in (select ' ~ other_column
        ~ ' from ' ~ relation ~ ' where ' ~ other_column ~ ' is not null))'
    ) }}
{%- endmacro %}

{# Null, or no choice of plan_choices. #}
{% macro no_choice(column, column_name=none) -%}
    {{ return(
        '(' ~ column ~ ' is null or ' ~ column ~ ' not in (select choice from choices '
        ~ "where column_name = '" ~ (column_name or column) ~ "'))"
    ) }}
{%- endmacro %}

{# Not such a number, or out of range; infinite and not-a-number are out of any. #}
{% macro not_between(column, type, least, most=1e15) -%}
    {%- set number = 'try_cast(' ~ column ~ ' as ' ~ type ~ ')' -%}
    {{ return(
        'coalesce(' ~ number ~ ' < ' ~ least ~ ' or ' ~ number ~ ' > ' ~ most
        ~ (" or " ~ column ~ " like '%.%'" if type == 'bigint' else '') ~ ', true)'
    ) }}
{%- endmacro %}

{# No date, or before another one, if that is one. #}
{% macro not_from(column, first_column) -%}
    {%- set day = 'try_cast(' ~ column ~ ' as date)' -%}
    {{ return(
        '(' ~ day ~ ' is null or coalesce(' ~ day ~ ' < try_cast(' ~ first_column
        ~ ' as date), false))'
    ) }}
{%- endmacro %}

{# A discount of a kind that has a value, without one that makes sense. #}
{% macro not_a_discount() -%}
    {{ return(
        "discount_kind in ('amount', 'share', 'points') and "
        ~ not_between('discount_value', 'double', 0)
        ~ " or discount_kind = 'share' and try_cast(discount_value as double) > 1"
    ) }}
{%- endmacro %}

{# No number, or not strictly between two. #}
{% macro not_inside(column, least, most) -%}
    {%- set number = 'try_cast(' ~ column ~ ' as double)' -%}
    {{ return(
        'coalesce(' ~ number ~ ' <= ' ~ least ~ ' or ' ~ number ~ ' >= ' ~ most
        ~ ', true)'
    ) }}
{%- endmacro %}
