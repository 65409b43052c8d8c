-- one row per outcome and share of users contacted, all judged campaigns pooled
with

curve as (
    select * from {{ ref('uplift_curve') }}
    where campaign_id = 'pooled' and learner = 'chosen'
),

judged as (
    select
        outcome_name,
        cast(max(treated_count + control_count) as bigint) as row_count
    from {{ ref('uplift_results') }}
    where
        campaign_id = 'pooled' and learner = 'chosen' and measurement = 'measured'
    group by outcome_name
),

people as (
    select
        outcome_name,
        cast(count(distinct user_id) as bigint) as user_count
    from {{ ref('ml_user_offer__uplift') }}
    where split_name = 'test' and is_chosen
    group by outcome_name
),

everybody as (
    select
        outcome_name,
        gain_per_user as full_gain
    from curve
    where contacted_share = 1
),

joined as (
    select
        curve.outcome_name,
        people.user_count,
        judged.row_count,
        curve.contacted_share,
        curve.gain_per_user,
        round(curve.contacted_share * everybody.full_gain, 12) as random_gain_per_user
    from curve
    inner join judged on curve.outcome_name = judged.outcome_name
    inner join people on curve.outcome_name = people.outcome_name
    inner join everybody on curve.outcome_name = everybody.outcome_name
)

select * from joined
where user_count >= {{ var('minimum_cell_users') }}
