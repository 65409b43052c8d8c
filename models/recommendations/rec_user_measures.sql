-- one row per test date, list, method and user who bought: how good the user's list was
{% set length = var('recommendation_list_length') -%}
with

lists as (select * from {{ ref('rec_judged_lists') }}),

users as (
    select
        users.user_id,
        users.first_order_id,
        case
            when features.active_day_count_91d <= 6 then 'rare'
            when features.active_day_count_91d <= 18 then 'regular'
            else 'frequent'
        end as user_group,
        users.as_of_date
    from {{ ref('ftr_user_product__users') }} as users
    inner join {{ ref('lbl_splits') }} as splits
        on users.as_of_date = splits.as_of_date
    inner join {{ ref('ftr_user__snapshot') }} as features
        on
            users.user_id = features.user_id
            and users.as_of_date = features.as_of_date
    where users.is_judged and splits.apart_split_name = 'test'
),

relevant as (select * from {{ ref('rec_relevant_products') }}),

relevant_counted as (
    select
        user_id,
        list_name,
        count(*) as relevant_count,
        as_of_date
    from relevant
    group by user_id, list_name, as_of_date
),

methods as (
    select distinct
        method,
        list_name
    from lists
),

hits as (
    select
        lists.user_id,
        lists.method,
        lists.list_name,
        lists.list_rank,
        row_number() over (
            partition by
                lists.user_id, lists.method, lists.list_name, lists.as_of_date
            order by lists.list_rank
        ) as hit_number,
        lists.as_of_date
    from lists
    inner join relevant
        on
            lists.user_id = relevant.user_id
            and lists.product_id = relevant.product_id
            and lists.list_name = relevant.list_name
            and lists.as_of_date = relevant.as_of_date
),

-- exact sums: doubles would add up in any order
hits_summed as (
    select
        user_id,
        method,
        list_name,
        count(*) as hit_count,
        sum(cast(1 / log2(list_rank + 1) as decimal(18, 12))) as gain,
        sum(cast(hit_number / cast(list_rank as double) as decimal(18, 12)))
            as precision_sum,
        as_of_date
    from hits
    group by user_id, method, list_name, as_of_date
),

places as (
    {{ dbt.generate_series(length) }}
),

best_gains as (
    select
        most.generated_number as relevant_count,
        sum(cast(1 / log2(places.generated_number + 1) as decimal(18, 12))) as gain
    from places as most
    inner join places on most.generated_number >= places.generated_number
    group by most.generated_number
),

measured as (
    select
        users.user_id,
        users.first_order_id,
        users.user_group,
        methods.method,
        relevant_counted.list_name,
        coalesce(hits_summed.hit_count, 0)
        / cast(relevant_counted.relevant_count as double) as recall,
        cast(coalesce(hits_summed.gain, 0) / best_gains.gain as double) as ndcg,
        cast(coalesce(hits_summed.precision_sum, 0) as double)
        / least(relevant_counted.relevant_count, {{ length }}) as average_precision,
        users.as_of_date
    from users
    inner join relevant_counted
        on
            users.user_id = relevant_counted.user_id
            and users.as_of_date = relevant_counted.as_of_date
    inner join methods on relevant_counted.list_name = methods.list_name
    inner join best_gains
        on
            least(relevant_counted.relevant_count, {{ length }})
            = best_gains.relevant_count
    left join hits_summed
        on
            users.user_id = hits_summed.user_id
            and relevant_counted.list_name = hits_summed.list_name
            and methods.method = hits_summed.method
            and users.as_of_date = hits_summed.as_of_date
)

select * from measured
