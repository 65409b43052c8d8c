-- one row per review: its language, and how likely it is positive
with

reviews as (select * from {{ ref('reviews') }}),
readings as (select * from {{ ref('ml_review__readings') }}),

typed as (
    select
        reviews.review_id,
        reviews.user_id,
        reviews.product_id,
        cast(readings.language as string) as language,
        cast(readings.reading as string) as reading,
        cast(
            case
                when readings.is_low_confidence then 'unclear'
                when readings.positive_probability < 0.5 then 'complaint'
                when readings.positive_probability >= 0.5 then 'praise'
            end as string
        ) as opinion,
        cast(readings.positive_probability as double) as positive_probability,
        cast(readings.is_low_confidence as boolean) as is_low_confidence,
        reviews.reviewed_on
    from reviews
    inner join readings on reviews.review_id = readings.review_id
)

select * from typed
