-- users who bought once, of whom the one longer silent is likelier to buy on
with

user_value as (
    select distinct
        user_id,
        probability_alive,
        as_of_date
    from {{ ref('user_value') }}
    where probability_alive is not null
),

purchases as (select * from {{ ref('ftr_user__purchases') }}),

compared as (
    select
        user_value.user_id,
        purchases.age_days,
        user_value.probability_alive,
        min(user_value.probability_alive) over (
            order by purchases.age_days
            range between unbounded preceding and 1 preceding
        ) as least_of_less_silent
    from user_value
    inner join purchases
        on
            user_value.user_id = purchases.user_id
            and user_value.as_of_date = purchases.as_of_date
    where purchases.repeat_day_count = 0
)

select * from compared
where probability_alive >= least_of_less_silent
