-- one row per user and as-of date: every feature about the user's tier side by side
{% set paces = [28, 91, 182, 364] -%}
{% set covers = [91, 182] -%}
with

amounts as (select * from {{ ref('ftr_user_tier__amounts') }}),
windows as (select * from {{ ref('ftr_user__windows') }}),
rhythm as (select * from {{ ref('ftr_user__rhythm') }}),
blocks as (select * from {{ ref('ftr_user__blocks') }}),

-- what was bought per day, in the window of the tier and in others
users as (
    select
        windows.*,
        rhythm.mean_gap_days,
        rhythm.mean_last_four_gap_days,
        rhythm.gap_spread_days,
        rhythm.silence_in_gaps,
        {% for days in paces -%}
            cast(windows.net_amount_{{ days }}d as double)
            / least({{ days }}, windows.days_since_first_order)
                as daily_amount_{{ days }}d,
        {% endfor -%}
        cast(windows.basket_amount_91d as double)
        / nullif(windows.order_count_91d, 0) as order_amount,
        blocks.median_block_amount / 28.0 as median_daily_amount,
        greatest(
            cast(windows.net_amount_28d as double),
            blocks.net_amount_block_2,
            blocks.net_amount_block_3,
            blocks.net_amount_block_4
        ) / 28.0 as best_daily_amount
    from windows
    inner join rhythm
        on
            windows.user_id = rhythm.user_id
            and windows.as_of_date = rhythm.as_of_date
    inner join blocks
        on
            windows.user_id = blocks.user_id
            and windows.as_of_date = blocks.as_of_date
),

measured as (
    select
        *,
        -- a tier may ask for nothing
        cast(nullif(least_amount, 0) as double) as tier_amount,
        cast(lasting_amount as double) as lasting,
        cast(case when is_next then known_amount else keeping_amount end as double)
            as held,
        cast(known_amount as double)
        / least(window_days, days_since_first_order) as daily_amount,
        cast(missing_amount as double) as missing
    from amounts
),

projected as (
    select
        *,
        greatest(held, lasting + daily_amount * days_left) as foreseen
    from measured
),

joined as (
    select
        users.user_id,
        {% for name, tier in {'next': 'coming', 'kept': 'present'}.items() -%}
            {{ tier }}.tier_rank as {{ name }}_tier_rank,
            {{ tier }}.tier_amount as {{ name }}_tier_amount,
            {{ tier }}.days_left as {{ name }}_days_left,
            {{ tier }}.missing / {{ tier }}.tier_amount as {{ name }}_missing_share,
            {{ tier }}.lasting / {{ tier }}.tier_amount as {{ name }}_lasting_share,
            {{ tier }}.foreseen / {{ tier }}.tier_amount as {{ name }}_pace_ratio,
            {% for days in paces -%}
                (
                    {{ tier }}.lasting
                    + users.daily_amount_{{ days }}d * {{ tier }}.days_left
                ) / {{ tier }}.tier_amount as {{ name }}_pace_ratio_{{ days }}d,
            {% endfor -%}
            {% for kind in ['median', 'best'] -%}
                (
                    {{ tier }}.lasting
                    + users.{{ kind }}_daily_amount * {{ tier }}.days_left
                ) / {{ tier }}.tier_amount as {{ name }}_{{ kind }}_pace_ratio,
            {% endfor -%}
            {% for days in covers -%}
                users.daily_amount_{{ days }}d * {{ tier }}.days_left
                / greatest({{ tier }}.missing, 1) as {{ name }}_cover_{{ days }}d,
            {% endfor -%}
            users.median_daily_amount * {{ tier }}.days_left
            / greatest({{ tier }}.missing, 1) as {{ name }}_median_cover,
            {{ tier }}.missing / nullif(users.order_amount, 0)
                as {{ name }}_missing_orders,
            {{ tier }}.days_left / users.mean_gap_days as {{ name }}_orders_left,
        {% endfor -%}
        users.days_since_last_order as tier_days_since_last_order,
        users.days_since_first_order as tier_days_since_first_order,
        users.order_count_28d as tier_order_count_28d,
        users.order_count_91d as tier_order_count_91d,
        users.active_day_count_28d as tier_active_day_count_28d,
        users.mean_last_four_gap_days as tier_mean_last_four_gap_days,
        users.gap_spread_days as tier_gap_spread_days,
        users.silence_in_gaps as tier_silence_in_gaps,
        cast(users.largest_day_amount as double) as tier_largest_day_amount,
        {% for days in var('feature_windows').user if days >= 14 -%}
            cast(users.net_amount_{{ days }}d as double)
                as tier_net_amount_{{ days }}d,
        {% endfor -%}
        users.as_of_date
    from users
    left join projected as coming
        on
            users.user_id = coming.user_id
            and users.as_of_date = coming.as_of_date
            and coming.is_next
    left join projected as present
        on
            users.user_id = present.user_id
            and users.as_of_date = present.as_of_date
            and present.is_present
    where coming.user_id is not null or present.user_id is not null
)

select * from joined
