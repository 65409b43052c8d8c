-- one row per festival ahead and template that fits it best: a campaign proposed
with

festivals as (
    select * from {{ ref('plan_festivals') }}
    where {{ is_faultless(ref('plan_faults')) }}
),

templates as (
    select * from {{ ref('draft_templates') }}
    where shop = '{{ active_source() }}'
),

-- what sold more for the festival last year than by chance
sold as (
    select * from {{ ref('plan_festival_sales') }}
    where sales_rank = 1
),

-- the next festivals, each with its own template, otherwise the general one
fitting as (
    select
        festivals.festival_name,
        templates.campaign_type,
        templates.campaign_class,
        templates.objective_task,
        templates.channel,
        templates.audience_rule,
        templates.discount_kind,
        templates.discount_value,
        coalesce(templates.eligible_category, sold.category) as eligible_category,
        try_cast(templates.days_before as bigint) as days_before,
        templates.budget_amount,
        templates.control_share,
        templates.cost_per_redemption,
        templates.funded_share,
        dense_rank() over (order by festivals.first_date, festivals.festival_name)
            as festival_rank,
        row_number() over (
            partition by festivals.festival_name
            order by
                case when templates.festival_name is null then 1 else 0 end,
                templates.template_id
        ) as template_rank,
        festivals.first_date,
        festivals.last_date,
        festivals.as_of_date
    from festivals
    inner join templates
        on
            coalesce(templates.festival_name, festivals.festival_name)
            = festivals.festival_name
    left join sold on festivals.festival_name = sold.festival_name
    where coalesce(templates.eligible_category, sold.category) is not null
),

drafted as (
    select
        *,
        concat(
            'draft-', cast(first_date as string), '-',
            replace(
                replace(replace(lower(festival_name), ' ', '-'), '''', ''), '.', ''
            )
        ) as campaign_id,
        greatest({{ days_after('first_date', '-days_before') }}, as_of_date)
            as starts_on
    from fitting
    where template_rank = 1 and festival_rank <= {{ var('draft_count') }}
)

select * from drafted
