-- one row per as-of date of customer value: to score, to judge, to choose, to learn
with

scoring as (
    select as_of_date as scoring_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

data_start as (
    select min(activity_date) as first_date from {{ ref('ftr_user__days') }}
),

offsets as (
    {% for offset in value_offsets() -%}
        select {{ offset }} as days_back
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- earlier dates have too little history to learn from
dates as (
    select
        {{ days_after('scoring.scoring_date', '-offsets.days_back') }} as as_of_date,
        {{ days_after('data_start.first_date', var('value_acquired_days')) }}
            as acquired_from_date,
        scoring.scoring_date
    from scoring
    cross join data_start
    cross join offsets
    where
        offsets.days_back = 0
        or {{ days_between('data_start.first_date', 'scoring.scoring_date') }}
        >= offsets.days_back + {{ var('value_window_days') }}
)

select * from dates
