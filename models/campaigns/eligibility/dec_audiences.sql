-- one row per planned campaign and user in its audience
with

campaigns as (select * from {{ ref('plan_campaigns') }}),

users as (
    select user_id from {{ ref('users') }}
),

rules as (
    select
        audience_rule,
        attribute,
        operator,
        value,
        try_cast(value as double) as number_bound
    from {{ ref('audience_rules') }}
    where shop = '{{ active_source() }}'
),

attribute_values as (select * from {{ ref('dec_attribute_values') }}),

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
        attribute_values.user_id,
        count(*) as condition_count
    from rules
    inner join attribute_values on rules.attribute = attribute_values.attribute
    where
        case rules.operator
            when 'at_least' then attribute_values.number_value >= rules.number_bound
            when 'at_most' then attribute_values.number_value <= rules.number_bound
            when 'equals'
                then
                    attribute_values.text_value = rules.value
                    or attribute_values.number_value = rules.number_bound
            when 'one_of'
                then
                    attribute_values.text_value is not null
                    and instr(
                        concat(';', rules.value, ';'),
                        concat(';', attribute_values.text_value, ';')
                    ) > 0
        end
    group by rules.audience_rule, attribute_values.user_id
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
)

select * from taken_in
