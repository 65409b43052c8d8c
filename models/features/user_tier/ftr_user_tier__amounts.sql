-- one row per tier, user and as-of date: what counts, and whether it is held or next
with

entries as (select * from {{ ref('mbr_tier_entries') }}),
amounts as (select * from {{ ref('mbr_tier_amounts') }}),
reviews as (select * from {{ ref('ftr_tier__reviews') }}),
users as (select * from {{ ref('ftr_user__windows') }}),

-- what will count of what was bought so far, on days that matter
counted as (
    select
        reviews.tier,
        entries.user_id,
        reviews.as_of_date,
        sum(
            case when entries.counts_from <= reviews.as_of_date then entries.amount end
        ) as counted_amount,
        sum(
            case
                when
                    entries.counts_until
                    > {{ days_after('reviews.as_of_date', 'reviews.pending_days') }}
                    then entries.amount
            end
        ) as known_amount,
        sum(
            case
                when
                    entries.counts_from <= reviews.keeping_date
                    and entries.counts_until > reviews.keeping_date
                    then entries.amount
            end
        ) as keeping_amount,
        sum(
            case
                when
                    entries.counts_from < reviews.window_end_date
                    and entries.counts_until >= reviews.window_end_date
                    then entries.amount
            end
        ) as lasting_amount
    from reviews
    inner join entries
        on
            reviews.tier = entries.tier
            and reviews.as_of_date > entries.known_on
            and reviews.as_of_date < entries.counts_until
    group by reviews.tier, entries.user_id, reviews.as_of_date
),

-- reached since the last review that has decided; since the next one it is kept
reached as (
    select
        reviews.tier,
        amounts.user_id,
        reviews.as_of_date,
        max(
            case
                when
                    reviews.next_review_date < reviews.as_of_date
                    and coalesce(amounts.next_changed_on, date '9999-12-31')
                    > reviews.next_review_date
                    then 1
                else 0
            end
        ) = 1 as is_kept
    from reviews
    inner join amounts
        on
            reviews.tier = amounts.tier
            and reviews.as_of_date > amounts.changed_on
            and reviews.last_review_date
            < coalesce(amounts.next_changed_on, date '9999-12-31')
            and reviews.least_amount <= amounts.counted_amount
    group by reviews.tier, amounts.user_id, reviews.as_of_date
),

joined as (
    select
        reviews.tier,
        reviews.tier_rank,
        reviews.least_amount,
        reviews.window_days,
        reviews.days_left,
        reviews.next_review_date,
        reviews.window_end_date,
        reviews.as_of_date,
        users.user_id,
        users.days_since_first_order,
        coalesce(counted.counted_amount, 0) as counted_amount,
        coalesce(counted.known_amount, 0) as known_amount,
        coalesce(counted.keeping_amount, 0) as keeping_amount,
        coalesce(counted.lasting_amount, 0) as lasting_amount,
        coalesce(reached.is_kept, false) as is_kept,
        reached.user_id is not null
        or coalesce(counted.counted_amount >= reviews.least_amount, false) as is_held
    from reviews
    inner join users on reviews.as_of_date = users.as_of_date
    left join counted
        on
            reviews.tier = counted.tier
            and users.user_id = counted.user_id
            and reviews.as_of_date = counted.as_of_date
    left join reached
        on
            reviews.tier = reached.tier
            and users.user_id = reached.user_id
            and reviews.as_of_date = reached.as_of_date
),

ranked as (
    select
        *,
        coalesce(max(case when is_held then tier_rank end) over of_user, 0)
            as held_rank
    from joined
    window of_user as (partition by user_id, as_of_date)
),

-- the highest tier held, and the lowest above it
placed as (
    select
        *,
        tier_rank = held_rank as is_present,
        coalesce(
            tier_rank = min(case when tier_rank > held_rank then tier_rank end)
                over of_user,
            false
        ) as is_next
    from ranked
    window of_user as (partition by user_id, as_of_date)
),

-- what an order of today would have to come to
lacking as (
    select
        *,
        case
            when is_next then greatest(least_amount - known_amount, 0)
            when is_kept then 0
            else greatest(least_amount - keeping_amount, 0)
        end as missing_amount
    from placed
    where is_present or is_next
)

select * from lacking
