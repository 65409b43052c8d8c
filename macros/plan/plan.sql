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

{#
    True where a table of faults is empty; otherwise stops with all its sentences, a line
    each, before any model reads faulty rows.
#}
{% macro is_faultless(faults) -%}
    (
        select
            case
                when count(*) > 0
                    then {{ stop_with(
                        dbt.listagg('sentence', 'chr(10)', 'order by sentence')
                    ) }}
            end
        from {{ faults }}
    ) is null
{%- endmacro %}

{#
    The fault of a column of a seed as a sentence: row, column, expected value, found
    value.
#}
{% macro plan_sentence(seed, key, column, expected) -%}
    concat(
        'Seed {{ seed }}, {{ key }} ', coalesce({{ shown_in_sentence(key) }}, '(none)'),
        ', column {{ column }}: expected {{ expected | replace("'", "''") }}, found ',
        coalesce({{ shown_in_sentence(column) }}, 'nothing'), '.'
    )
{%- endmacro %}

{# What should be a pseudonym may be an e-mail address, which no message repeats. #}
{% macro shown_in_sentence(column) -%}
    {%- if column == 'user_id' -%}
    case when user_id like '%@%' then '(an address that is not shown)' else user_id end
    {%- else -%}{{ column }}
    {%- endif -%}
{%- endmacro %}

{# A user's fixed random number between 0 and 1, from a salted hash. #}
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
{% macro words_of(text, separator=' ') -%}
    {{ return(adapter.dispatch('words_of')(text, separator)) }}
{%- endmacro %}

{% macro default__words_of(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__words_of(text, separator) -%}
    explode(split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{#
    The rules that exclude a user from a campaign, each with its reason in English and
    Chinese. All are evaluated: a decision names every rule that applies.
#}
{% macro eligibility_rules() -%}
    {{ return({
        'lacks_consent': ['Gave no consent for the channel.', '未授权该渠道触达。'],
        'is_suppressed': ['Is on the suppression list.', '在勿扰名单中。'],
        'is_erased': ['Asked to be forgotten.', '已要求删除个人数据。'],
        'is_risky': ['Is excluded as a risk.', '因风控暂不触达。'],
        'is_outside_audience': [
            'Is not in the audience of the campaign.', '不在本次活动的目标人群中。'
        ],
        'is_blacked_out': [
            'Has no day on which the channel may send.', '活动期间该渠道没有可发送的日期。'
        ],
        'is_in_quiet_period': ['Was contacted too recently.', '距上次触达时间太短。'],
        'is_over_frequency_cap': [
            'Was contacted as often as a week allows.', '一周内触达次数已达上限。'
        ],
        'is_contacted_this_period': [
            'Already has an offer in this period.', '本期已有其他优惠。'
        ],
        'is_control_this_period': [
            'Is in the control group of another campaign in this period.',
            '本期属于另一活动的对照组。'
        ],
        'is_out_of_stock': ['Gets no offer, as it is out of stock.', '优惠已无库存。'],
        'is_complained_of': [
            'Gets no offer, as customers complain of its products of late.',
            '优惠商品近期差评较多。'
        ],
        'has_bought_already': ['Has already bought the offered products.', '已购买活动商品。'],
        'is_below_minimum_score': ['Has a score below the minimum.', '评分低于门槛。'],
        'has_no_offer_left': ['Has no offer left that fits.', '没有适合的优惠。'],
        'is_not_scored': ['Has no score.', '暂无评分。'],
    }) }}
{%- endmacro %}

{# Sentences of the other reasons of a decision; # stands for a campaign's id. #}
{% macro decision_words() -%}
    {{ return({
        'is_global_control': ['Is in the global control group.', '属于全局对照组。'],
        'is_campaign_control': [
            'Is in the control group of this campaign.', '属于本次活动的对照组。'
        ],
        'exploratory': [
            'Is drawn at random, to learn what a contact changes.',
            '随机抽中，用于检验触达效果。'
        ],
        'elsewhere': ['Is chosen for campaign # instead.', '已列入活动#的名单。'],
        'too_dear': [
            'Would cost more than the expected margin.', '预计触达成本高于增量毛利。'
        ],
        'not_chosen_in_any_case': [
            'Would not have been chosen in any case.', '即使不在对照组也不会入选。'
        ],
        'outbid': [
            'Brings less than others within the limits of budget, stock or channel.',
            '预算、库存或渠道名额有限，其他客户的预期收益更高。'
        ],
        'no_value': [
            'Is not drawn: what a contact changes is not known yet.',
            '未被抽中：触达效果尚未可知。'
        ],
        'no_reason': [
            'No known attribute of the customer affects the score.', '没有影响评分的因素。'
        ],
    }) }}
{%- endmacro %}

{# What a draw of the global control group depends on: another one draws anew. #}
{% macro control_draw() -%}
    {{ var('control_salt') | replace("'", "''") }}/{{ var('global_control_share') }}
{%- endmacro %}

{# Week of a phase of the programme, from 1; below 1 for dates before it. #}
{% macro week_of_phase(date_expression) -%}
    cast(
        floor({{ days_between('phases.starts_on', date_expression) }} / 7.0) + 1 as int
    )
{%- endmacro %}

{# Policies that are compared, and the column of ml_offer_choice that says whom each takes. #}
{% macro policy_columns() -%}
    {{ return({
        'optimal': 'is_chosen',
        'greedy_by_value': 'is_greedy_by_value',
        'greedy_by_score': 'is_greedy_by_score',
        'rfm_rule': 'is_rfm_rule',
        'random': 'is_random',
    }) }}
{%- endmacro %}

{# Permanent id of one revision of a decision. #}
{% macro decision_id(revision) -%}
    md5(concat(campaign_id, '/', user_id, '/', cast({{ revision }} as string)))
{%- endmacro %}

{#
    Chance that a chosen user is contacted: in neither the global control group nor that
    of the campaign.
#}
{% macro planned_treated_share(control_share) -%}
    (1 - {{ var('global_control_share') }}) * (1 - {{ control_share }})
{%- endmacro %}

{#
    An offer by name, in any language: of what, and how much off. Over offers of which
    each name should occur once: the id follows where it does not.
#}
{% macro offer_name() -%}
    {%- set name -%}
        concat(
            coalesce(eligible_category, offer_id),
            case discount_kind
                when 'share' then concat(' -', cast(round(100 * discount_value) as int), ' %')
                when 'amount' then concat(' -', cast(discount_value as decimal(18, 2)))
                when 'points' then concat(' +', cast(discount_value as decimal(18, 2)), ' P')
                else ''
            end
        )
    {%- endset -%}
    concat(
        {{ name }},
        case
            when count(*) over (partition by {{ name }}) > 1 and eligible_category is not null
                then concat(' (', offer_id, ')')
            else ''
        end
    )
{%- endmacro %}
