-- one row per rule, here one: contacts of users who stand in both arms of a campaign
with

contacts as (
    select * from {{ ref('int_campaign_contacts_checked') }}
    where row_status = 'kept'
),

compared as (
    select
        *,
        min(arm) over (partition by campaign_id, user_id)
        <> max(arm) over (partition by campaign_id, user_id) as is_in_both
    from contacts
),

counted as (
    select
        'campaign_contacts' as entity,
        'user is in both arms of the campaign' as rule,
        count(*) as rows_judged,
        count_if(is_in_both) as rows_met,
        {{ var('doubt_thresholds').arms }} as threshold,
        min_by(
            {{ place_of_row() }} || arm || ' of campaign ' || campaign_id,
            {{ order_in_files("campaign_id || ' ' || user_id") }}
        ) filter (where is_in_both) as example
    from compared
)

select * from counted
