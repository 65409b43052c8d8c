-- one row per tier, user and time in which the user holds it, if nothing more is bought
with

rules as (select * from {{ ref('mbr_tier_rules') }}),
amounts as (select * from {{ ref('mbr_tier_amounts') }}),

reaching as (
    select
        amounts.tier,
        amounts.user_id,
        rules.first_date as begun_on,
        rules.review_days,
        rules.grace_days,
        greatest(amounts.changed_on, rules.first_date) as reached_on,
        coalesce(amounts.next_changed_on, date '9999-12-31') as reached_until
    from amounts
    inner join rules on amounts.tier = rules.tier
    where amounts.counted_amount >= rules.least_amount
),

-- a tier that was reached stays until the end of the grace of the next review
held as (
    select
        tier,
        user_id,
        reached_on as first_date,
        case
            when reached_until = date '9999-12-31' then reached_until
            else {{ days_after(
                'begun_on',
                'cast(ceil('
                ~ days_between('begun_on', 'reached_until')
                ~ ' / cast(review_days as double)) as bigint) * review_days + grace_days'
            ) }}
        end as end_date
    from reaching
    where reached_until > reached_on
),

-- where spans meet they are one
marked as (
    select
        *,
        coalesce(
            first_date > max(end_date) over (
                partition by tier, user_id
                order by first_date
                rows between unbounded preceding and 1 preceding
            ),
            true
        ) as is_first
    from held
),

numbered as (
    select
        *,
        sum(case when is_first then 1 else 0 end) over (
            partition by tier, user_id
            order by first_date
            rows between unbounded preceding and current row
        ) as span_number
    from marked
),

joined as (
    select
        tier,
        user_id,
        min(first_date) as first_date,
        max(end_date) as end_date
    from numbered
    group by tier, user_id, span_number
)

select * from joined
