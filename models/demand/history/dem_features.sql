-- one row per product, week it is forecast from, weeks ahead and use of the forecast
-- (a view: what is learnt from and what is forecast each read their own rows)
{{ config(materialized="view") }}
with

forecast_rows as (select * from {{ ref('dem_forecast_rows') }}),
similar_weeks as (select * from {{ ref('dem_similar_weeks') }}),
states as (select * from {{ ref('dem_product_states') }}),

year_before as (
    select
        product_id,
        week_number + 52 as week_number,
        units
    from {{ ref('dem_product_weeks') }}
    where not is_censored
),

joined as (
    select
        forecast_rows.*,
        states.category,
        states.usual_units,
        states.last_units,
        states.mean_4,
        states.mean_8,
        states.mean_26,
        states.mean_change,
        states.unpromoted_mean,
        states.promoted_mean,
        states.unit_spread,
        states.sold_share,
        states.category_last,
        states.category_trend,
        states.last_promotion_reach,
        states.display_reach_4,
        states.display_reach_13,
        states.mailer_reach_4,
        states.mailer_reach_13,
        states.cut_reach_13,
        states.promoted_weeks,
        coalesce(states.smoothing, states.usual_units) as smoothing,
        year_before.units as seasonal,
        (coalesce(similar_weeks.alike_units, 0) + 0.3 * states.usual_units)
        / (coalesce(similar_weeks.alike_weight, 0) + 0.3) as similar_units,
        coalesce(similar_weeks.alike_weight, 0) as alike_weight
    from forecast_rows
    inner join states
        on
            forecast_rows.product_id = states.product_id
            and forecast_rows.origin_week = states.origin_week
    left join year_before
        on
            forecast_rows.product_id = year_before.product_id
            and forecast_rows.week_number = year_before.week_number
    left join similar_weeks
        on
            forecast_rows.product_id = similar_weeks.product_id
            and forecast_rows.origin_week = similar_weeks.origin_week
            and forecast_rows.promotion_reach = similar_weeks.promotion_reach
            and forecast_rows.display_reach = similar_weeks.display_reach
            and forecast_rows.mailer_reach = similar_weeks.mailer_reach
            and forecast_rows.cut_reach = similar_weeks.cut_reach
),

ratios as (
    select
        *,
        ln(usual_units) as size,
        exp(-alike_weight) as novelty,
        {{ demand_ratio('last_units') }} as last_ratio,
        {{ demand_ratio('mean_4') }} as ratio_4,
        {{ demand_ratio('mean_8') }} as ratio_8,
        {{ demand_ratio('mean_26') }} as ratio_26,
        {{ demand_ratio('smoothing') }} as smoothed_ratio,
        {{ demand_ratio('unpromoted_mean') }} as unpromoted_ratio,
        {{ demand_ratio('promoted_mean') }} as promoted_ratio,
        {{ demand_ratio('similar_units') }} as similar_ratio,
        {{ demand_ratio('unit_spread') }} as spread_ratio,
        ln(category_last + 0.1) as category_last_ratio,
        ln(category_trend + 0.1) as category_trend_ratio
    from joined
),

arranged as (
    select
        product_id,
        category,
        product_group,
        split_name,
        origin_week,
        weeks_ahead,
        week_number,
        is_before_validation,
        is_before_test,
        is_plan_known,
        -- nothing like it was promoted in the month before
        is_plan_known and promotion_reach >= 0.25
        and display_reach_4 + mailer_reach_4 < 0.1 as is_newly_promoted,
        units,
        usual_units,
        mean_change,
        mean_4,
        mean_8,
        smoothing,
        seasonal,
        similar_units,
        {{ array_of([
            'last_ratio', 'ratio_4', 'ratio_8', 'ratio_26', 'smoothed_ratio',
            'spread_ratio', 'category_last_ratio', 'category_trend_ratio', 'size',
            'size * size', 'sold_share', 'cast(weeks_ahead as double)',
            'unpromoted_ratio', 'promoted_ratio', 'last_promotion_reach',
            'display_reach_4', 'display_reach_13', 'mailer_reach_4', 'mailer_reach_13',
            'ln(1.0 + promoted_weeks)',
        ]) }} as own_features,
        {{ array_of([
            'similar_ratio', 'similar_ratio * ln(1 + alike_weight)', 'novelty',
            'similar_ratio * sold_share', 'similar_ratio * promotion_reach',
            'unpromoted_ratio * novelty', 'promoted_ratio * promotion_reach',
            'promotion_reach', 'display_reach', 'mailer_reach', 'cut_reach',
            'promotion_reach * promotion_reach', 'display_reach * display_reach',
            'mailer_reach * mailer_reach',
            '(display_reach - display_reach_13) * novelty',
            '(mailer_reach - mailer_reach_13) * novelty',
            '(cut_reach - cut_reach_13) * novelty', 'size * promotion_reach',
            'sold_share * promotion_reach',
            'promotion_reach / (1.0 + promoted_weeks)',
            'spread_ratio * promotion_reach',
            'spread_ratio * display_reach', 'spread_ratio * mailer_reach',
            'spread_ratio * novelty',
        ]) }} as plan_features
    from ratios
)

select * from arranged
