-- One row per review: of one line in fifteen that arrived. The rating follows the
-- product's quality and whether it was sent back, the words follow the rating. One in
-- seven says nothing.
create or replace temp view reviews as
with

bought as (
    select
        transaction_id,
        user_id,
        product_id,
        seconds_after(
            updated_at, 3600 * (6 + 400 * uniform('review hours', transaction_id))
        ) as reviewed_at,
        order_status = 'returned' as is_returned
    from read_parquet(getvariable('folder') || '/transactions.parquet')
    where
        order_status in ('completed', 'returned')
        and user_id is not null
        and uniform('reviews', transaction_id) < 0.067
),

rated as (
    select
        bought.*,
        persons.city_number < getvariable('chinese_cities') as is_chinese,
        cast(greatest(1, least(5, round(
            2.6 + 2.6 * assortment.quality
            - case when bought.is_returned then 2.2 else 0 end
            + 0.9 * normal('rating', bought.transaction_id)
        ))) as integer) as rating
    from bought
    inner join assortment on bought.product_id = assortment.product_id
    inner join persons on bought.user_id = persons.user_id
    where
        assortment.product_kind = 'goods'
        and bought.reviewed_at < getvariable('end_instant')
),

toned as (
    select
        *,
        case
            -- some write in the other language
            when is_chinese = (uniform('language', transaction_id) < 0.92) then 'zh'
            else 'en'
        end as language,
        case
            when uniform('silent', transaction_id) < 0.14 then 'none'
            -- a few words do not fit their stars
            when rating = 3 or uniform('tone', transaction_id) < 0.06 then 'middling'
            when rating < 3 then 'bad'
            else 'good'
        end as tone
    from rated
)

select
    'V' || substr(toned.transaction_id, 2) as review_id,
    toned.user_id,
    toned.product_id,
    one_of(review_words.openings, uniform('review part 1', toned.transaction_id))
    || one_of(review_words.bodies, uniform('review part 2', toned.transaction_id))
    || one_of(review_words.ends, uniform('review part 3', toned.transaction_id))
        as review_text,
    toned.language,
    toned.rating,
    toned.reviewed_at
from toned
inner join review_words
    on toned.language = review_words.language and toned.tone = review_words.tone;
