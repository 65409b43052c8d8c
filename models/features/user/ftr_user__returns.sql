-- one row per user and as-of date: what the user sent back in the year before
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),

-- same-day cancellations never counted
late_returns as (
    select * from {{ ref('returns') }}
    where user_id is not null and not is_same_day
),

summed as (
    select
        late_returns.user_id,
        cast(count(distinct late_returns.return_id) as bigint) as return_count_364d,
        cast(sum(late_returns.returned_amount) as decimal(18, 2))
            as returned_amount_364d,
        as_of_dates.as_of_date
    from as_of_dates
    inner join late_returns
        on
            as_of_dates.as_of_date > late_returns.returned_on
            and {{ days_after('as_of_dates.as_of_date', -364) }}
            <= late_returns.returned_on
    group by late_returns.user_id, as_of_dates.as_of_date
)

select * from summed
