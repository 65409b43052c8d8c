-- one row per planned campaign and user in its audience
with

campaigns as (select * from {{ ref('plan_campaigns') }}),

users as (
    select user_id from {{ ref('users') }}
),

rules as (select * from {{ ref('plan_audience_conditions') }}),

attribute_values as (select * from {{ ref('dec_attribute_values') }}),
activity_values as (select * from {{ ref('dec_activity_values') }}),
interests as (select * from {{ ref('dec_offer_interests') }}),

measured as (
    select
        user_id,
        attribute as measure_id,
        text_value,
        number_value
    from attribute_values
    union all
    select
        user_id,
        measure_id,
        cast(null as string) as text_value,
        number_value
    from activity_values
),

conditions as (
    select
        audience_rule,
        count(*) as condition_count
    from rules
    group by audience_rule
),

met as (
    select
        rules.audience_rule,
        measured.user_id,
        count(*) as condition_count
    from rules
    inner join measured on rules.measure_id = measured.measure_id
    where
        case rules.operator
            when 'at_least' then measured.number_value >= rules.number_bound
            when 'at_most' then measured.number_value <= rules.number_bound
            when 'equals'
                then
                    measured.text_value = rules.value
                    or measured.number_value = rules.number_bound
            when 'one_of'
                then
                    measured.text_value is not null
                    and instr(
                        concat(';', rules.value, ';'),
                        concat(';', measured.text_value, ';')
                    ) > 0
        end
    group by rules.audience_rule, measured.user_id
),

taken_in as (
    select
        campaigns.campaign_id,
        met.user_id
    from campaigns
    inner join conditions on campaigns.audience_rule = conditions.audience_rule
    inner join met
        on
            conditions.audience_rule = met.audience_rule
            and conditions.condition_count = met.condition_count
    union all
    select
        campaigns.campaign_id,
        users.user_id
    from campaigns
    cross join users
    where campaigns.audience_rule = 'everybody'
    union all
    select distinct
        campaign_id,
        user_id
    from interests
)

select * from taken_in
