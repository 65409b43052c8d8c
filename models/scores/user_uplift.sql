-- one row per offer open or planned and user, as of the scoring date
{% set outcomes = ['buying', 'redemption', 'amount'] -%}
with

offers as (select * from {{ ref('ftr_offers') }}),

users as (
    select
        user_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

estimates as (
    select * from {{ ref('ml_user_offer__uplift') }}
    where split_name = 'score'
),

-- whether any campaign so far measures the effect of a contact
trials as (
    select count(*) as trial_row_count from {{ ref('ftr_user_offer__trials') }}
),

estimated as (
    select max(cast(as_of_date as date)) as estimated_on from estimates
),

-- of the shop's own campaigns: each is one offer under the campaign's id
contacts as (
    select
        campaign_id as offer_id,
        user_id,
        arm
    from {{ ref('campaign_arms') }}
    where arm in ('treatment', 'control')
),

pairs as (
    select
        offers.offer_id,
        offers.campaign_id,
        users.user_id,
        users.as_of_date
    from scoring
    inner join offers on scoring.as_of_date <= offers.ends_on
    inner join users on scoring.as_of_date = users.as_of_date
),

side_by_side as (
    select
        offer_id,
        user_id,
        {% for outcome in outcomes -%}
            max(case when outcome_name = '{{ outcome }}' then learner end)
                as {{ outcome }}_learner,
            max(case when outcome_name = '{{ outcome }}' then estimate end)
                as {{ outcome }}_uplift,
        {% endfor -%}
        cast(as_of_date as date) as as_of_date
    from estimates
    group by offer_id, user_id, cast(as_of_date as date)
),

joined as (
    select
        pairs.offer_id,
        pairs.campaign_id,
        pairs.user_id,
        contacts.arm,
        case
            when side_by_side.user_id is not null then 'estimated'
            when trials.trial_row_count = 0 then 'not identifiable'
            when estimated.estimated_on < pairs.as_of_date then 'not refreshed'
            else 'too few users'
        end as uplift_status,
        {% for outcome in outcomes -%}
            cast(side_by_side.{{ outcome }}_learner as string)
                as {{ outcome }}_learner,
        {% endfor -%}
        {% for outcome in outcomes -%}
            side_by_side.{{ outcome }}_uplift,
        {% endfor -%}
        pairs.as_of_date
    from pairs
    cross join trials
    cross join estimated
    left join side_by_side
        on
            pairs.offer_id = side_by_side.offer_id
            and pairs.user_id = side_by_side.user_id
            and pairs.as_of_date = side_by_side.as_of_date
    left join contacts
        on
            pairs.offer_id = contacts.offer_id
            and pairs.user_id = contacts.user_id
)

select * from joined
