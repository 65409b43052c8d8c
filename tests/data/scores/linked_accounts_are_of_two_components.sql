-- accounts that a link connects, in two components: names were passed on too few times
with

scoring as (
    select max(as_of_date) as as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

pairs as (
    select pairs.*
    from {{ ref('rsk_account_pairs') }} as pairs
    cross join scoring
    where {{ is_linked(utc_timestamp('cast(scoring.as_of_date as timestamp)')) }}
),

links as (select * from {{ ref('account_links') }})

select pairs.user_id
from pairs
inner join links as one on pairs.user_id = one.user_id
inner join links as other on pairs.other_user_id = other.user_id
where one.component_id <> other.component_id
