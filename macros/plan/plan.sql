{# Stops the model that evaluates it, with a sentence: an expression of any type. #}
{% macro stop_with(sentence) -%}
    {{ return(adapter.dispatch('stop_with')(sentence)) }}
{%- endmacro %}

{% macro default__stop_with(sentence) -%}
    error({{ sentence }})
{%- endmacro %}

{% macro spark__stop_with(sentence) -%}
    raise_error({{ sentence }})
{%- endmacro %}

{# Over plan_faults: stops with all their sentences, a line each; null without any. #}
{% macro plan_verdict() -%}
    case
        when count(*) > 0
            then {{ stop_with(dbt.listagg('sentence', 'chr(10)', 'order by sentence')) }}
    end
{%- endmacro %}

{#
    What is wrong with a column of a seed, as a sentence: which row, which column, what
    was expected, what was found.
#}
{% macro plan_sentence(seed, key, column, expected) -%}
    concat(
        'Seed {{ seed }}, {{ key }} ', coalesce({{ key }}, '(none)'),
        ', column {{ column }}: expected {{ expected | replace("'", "''") }}, found ',
        coalesce({{ column }}, 'nothing'), '.'
    )
{%- endmacro %}

{# A user's place between 0 and 1 that never changes, drawn by a salted hash. #}
{% macro hashed_number(column, salt) -%}
    {{ return(adapter.dispatch('hashed_number')(column, salt)) }}
{%- endmacro %}

{% macro default__hashed_number(column, salt) -%}
    cast(
        cast('0x' || substr(md5(concat('{{ salt }}', ':', {{ column }})), 1, 8) as bigint)
        as double
    ) / 4294967296
{%- endmacro %}

{% macro spark__hashed_number(column, salt) -%}
    cast(
        conv(substr(md5(concat('{{ salt }}', ':', {{ column }})), 1, 8), 16, 10) as double
    ) / 4294967296
{%- endmacro %}

{# The words of a text, separated by blanks, one row each: stands in a select list. #}
{% macro words_of(text) -%}
    {{ return(adapter.dispatch('words_of')(text)) }}
{%- endmacro %}

{% macro default__words_of(text) -%}
    unnest(string_split({{ text }}, ' '))
{%- endmacro %}

{% macro spark__words_of(text) -%}
    explode(split({{ text }}, ' '))
{%- endmacro %}

{# What audience rules may name: columns of ftr_user__snapshot, and of users. #}
{% macro plan_attributes() -%}
    {{ return({
        'numbers': [
            'days_since_last_order', 'days_since_first_order', 'order_count_28d',
            'order_count_91d', 'order_count_364d', 'net_amount_91d',
            'net_amount_364d', 'rfm_score', 'coupon_order_count_364d',
            'redeemed_campaign_count',
        ],
        'texts': ['segment_name', 'age_band', 'income_band'],
        'user_texts': ['gender', 'city', 'region', 'acquisition_channel'],
    }) }}
{%- endmacro %}

{#
    The rules that keep a user from a campaign, and how each reads as a reason. All are
    evaluated: whoever is kept away for several reasons is told them all.
#}
{% macro eligibility_rules() -%}
    {{ return({
        'lacks_consent': 'no consent for the channel',
        'is_suppressed': 'suppressed',
        'is_erased': 'asked to be forgotten',
        'is_risky': 'held back as a risk',
        'is_outside_audience': 'not in the audience',
        'is_blacked_out': 'no day on which the channel may send',
        'is_in_quiet_period': 'contacted too recently',
        'is_over_frequency_cap': 'contacted as often as allowed in a week',
        'is_contacted_this_period': 'has an offer in this period',
        'is_held_out_this_period': 'held out of another campaign in this period',
        'is_out_of_stock': 'offer out of stock',
        'has_bought_already': 'bought what is offered already',
        'is_below_minimum_score': 'score below the minimum',
        'has_no_offer_left': 'no offer left that fits',
        'is_not_scored': 'no score',
    }) }}
{%- endmacro %}

{# Names one revision of a decision, for ever. #}
{% macro decision_id(revision) -%}
    md5(concat(campaign_id, '/', user_id, '/', cast({{ revision }} as string)))
{%- endmacro %}

{#
    Chance that a user whom a campaign chooses is contacted: users are held out of all
    campaigns first, then of this one.
#}
{% macro planned_treated_share(holdout_share) -%}
    (1 - {{ var('global_holdout_share') }}) * (1 - {{ holdout_share }})
{%- endmacro %}
