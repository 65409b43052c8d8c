-- one row per planned campaign and step: from all users down to those contacted
{% set parts = ['excluded', 'not chosen', 'withdrawn', 'control', 'contact'] -%}
with

decisions as (select * from {{ ref('campaign_decisions') }}),
campaigns as (select * from {{ ref('plan_campaigns') }}),
next_week as (select * from {{ ref('rpt_next_week') }}),

-- those of the coming week that rpt_next_week does not show by themselves
hidden_campaigns as (
    select distinct decisions.campaign_id
    from decisions
    inner join campaigns on decisions.campaign_id = campaigns.campaign_id
    anti join next_week on decisions.campaign_id = next_week.campaign_id
    where
        decisions.decision = 'contact'
        and decisions.send_on
        < {{ days_after('campaigns.as_of_date', var('decision_days')) }}
        and campaigns.as_of_date <= decisions.send_on
),

counted as (
    select
        campaign_id,
        min(decision_status) as decision_status,
        cast(count(*) as bigint) as base,
        {% for part in parts -%}
            cast(count(case when decision = '{{ part }}' then user_id end) as bigint)
                as {{ part | replace(' ', '_') }},
        {% endfor -%}
        withdrawn + control + not_chosen as without_contact,
        base - excluded as eligible
    from decisions
    group by campaign_id
),

{# the parts of a whole, and the whole that they add up to -#}
{% set cuts = {
    'base': ['excluded', 'without_contact', 'contact'],
    'without_contact': ['not_chosen', 'withdrawn', 'control'],
} -%}
cells as (
    {% for cell in cuts['base'] + cuts['without_contact'] -%}
        select
            campaign_id,
            '{{ 'base' if cell in cuts['base'] else 'without_contact' }}' as whole,
            '{{ cell }}' as cell,
            {{ cell }} as user_count
        from counted
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

shown as (
    select * from cells
    qualify {{ is_shown('user_count', 'campaign_id, whole', 'cell') }}
),

-- of a hidden campaign only all users
shown_cells as (
    select
        {% for cell in cuts['base'] + cuts['without_contact'] -%}
            bool_or(cell = '{{ cell }}') as has_{{ cell }},
        {% endfor -%}
        campaign_id
    from shown
    where campaign_id not in (select hidden.campaign_id from hidden_campaigns as hidden)
    group by campaign_id
),

{# a step is shown with the cells that it follows from -#}
{% set steps = {
    'base': ('base', []),
    'not eligible': ('excluded', ['excluded']),
    'eligible': ('eligible', ['excluded']),
    'control': ('control', ['without_contact', 'control']),
    'not chosen': ('not_chosen', ['without_contact', 'not_chosen']),
    'withdrawn': ('withdrawn', ['without_contact', 'withdrawn']),
    'contacted': ('contact', ['contact']),
} -%}
stepped as (
    {% for step, (column, cells) in steps.items() -%}
        select
            counted.campaign_id,
            counted.decision_status,
            '{{ step }}' as step,
            cast({{ loop.index }} as bigint) as step_number,
            case
                when
                    not {{ is_few('counted.' ~ column) }}
                    {% for cell in cells -%}
                        and coalesce(shown_cells.has_{{ cell }}, false)
                    {% endfor -%}
                    then counted.{{ column }}
            end as user_count
        from counted
        {% if cells -%}
            left join shown_cells on counted.campaign_id = shown_cells.campaign_id
        {% endif -%}
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),

named as (
    select
        stepped.campaign_id,
        campaigns.campaign_name,
        stepped.decision_status,
        stepped.step,
        stepped.step_number,
        stepped.user_count,
        campaigns.starts_on
    from stepped
    inner join campaigns on stepped.campaign_id = campaigns.campaign_id
)

select * from named
