-- one row per product and aspect: how many complain of it lately, and did before
{% set voice = var('product_voice') -%}
with

sentiments as (select * from {{ ref('review_sentiment') }}),
aspects as (select * from {{ ref('review_aspects') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

dated as (
    select
        sentiments.review_id,
        sentiments.user_id,
        sentiments.product_id,
        sentiments.opinion,
        sentiments.reviewed_on,
        scoring.as_of_date,
        {{ days_between('sentiments.reviewed_on', 'scoring.as_of_date') }}
        <= {{ voice.days }} as is_late
    from sentiments
    cross join scoring
    where
        sentiments.reading = 'read'
        and {{ days_between('sentiments.reviewed_on', 'scoring.as_of_date') }}
        between 1 and {{ 2 * voice.days }}
),

-- a user has one voice per product and period: the last
voices as (
    select * from dated
    qualify row_number() over (
        partition by product_id, is_late, coalesce(user_id, review_id)
        order by reviewed_on desc, review_id desc
    ) = 1
),

heard as (
    select
        product_id,
        as_of_date,
        count(case when is_late then user_id end) as user_count,
        count(case when is_late then 1 end) as review_count,
        count(case when not is_late then 1 end) as earlier_review_count,
        count(case when not is_late then user_id end) as earlier_user_count
    from voices
    group by product_id, as_of_date
),

opinions as (
    select
        review_id,
        'all' as aspect,
        opinion
    from voices
    union all
    select
        review_id,
        aspect,
        opinion
    from aspects
),

complained as (
    select
        voices.product_id,
        opinions.aspect,
        count(case when voices.is_late then 1 end) as complaint_count,
        count(case when not voices.is_late then 1 end) as earlier_complaint_count
    from voices
    inner join opinions on voices.review_id = opinions.review_id
    where opinions.opinion = 'complaint'
    group by voices.product_id, opinions.aspect
),

totals as (
    select sum(review_count) as review_count from heard
),

-- of an aspect that nobody complains of there is nothing to say
shares as (
    select
        heard.*,
        complained.aspect,
        complained.complaint_count,
        complained.earlier_complaint_count,
        complained.complaint_count
        / nullif(cast(heard.review_count as double), 0) as complaint_share,
        case
            when heard.earlier_user_count >= {{ var('minimum_cell_users') }}
                then
                    complained.earlier_complaint_count
                    / cast(heard.earlier_review_count as double)
        end as earlier_share,
        sum(complained.complaint_count) over (partition by complained.aspect)
        / nullif(cast(totals.review_count as double), 0) as shop_share
    from complained
    inner join heard on complained.product_id = heard.product_id
    cross join totals
),

bounded as (
    select
        *,
        {{ wilson_end('low', 'complaint_share', 'review_count') }} as share_low,
        {{ wilson_end('high', 'complaint_share', 'review_count') }} as share_high,
        {{ is_uniform('complaint_count', 'review_count') }} as is_alike,
        {{ is_uniform('earlier_complaint_count', 'earlier_review_count') }}
            as was_alike
    from shares
    where user_count >= {{ var('minimum_cell_users') }}
),

typed as (
    select
        product_id,
        cast(aspect as string) as aspect,
        cast(user_count as bigint) as user_count,
        cast(review_count as bigint) as review_count,
        cast(case when not is_alike then complaint_share end as double)
            as complaint_share,
        cast(case when not is_alike then share_low end as double)
            as complaint_share_low,
        cast(case when not is_alike then share_high end as double)
            as complaint_share_high,
        cast(case when not was_alike then earlier_share end as double)
            as earlier_complaint_share,
        cast(shop_share as double) as shop_complaint_share,
        cast(coalesce(share_low > earlier_share, false) as boolean)
            as is_rising,
        cast(
            review_count >= {{ voice.least_reviews }}
            and share_low
            > greatest({{ voice.times }} * shop_share, {{ voice.least_share }})
            as boolean
        ) as is_complaint_alert,
        as_of_date
    from bounded
)

select * from typed
