-- one row per campaign and user on its list, however often contacted
with

contacts as (select * from {{ ref('campaign_contacts') }}),

summed as (
    select
        campaign_id,
        user_id,
        -- who was seen in both tells nothing of either
        case when min(arm) = max(arm) then min(arm) else 'both' end as arm,
        cast(sum(case when arm = 'treatment' then 1 else 0 end) as bigint)
            as contact_count,
        min(contact_number) as first_number
    from contacts
    group by campaign_id, user_id
),

-- channel and offer are those of the first contact
joined as (
    select
        summed.campaign_id,
        summed.user_id,
        summed.arm,
        contacts.channel,
        contacts.offer_id,
        summed.contact_count
    from summed
    inner join contacts
        on
            summed.campaign_id = contacts.campaign_id
            and summed.user_id = contacts.user_id
            and summed.first_number = contacts.contact_number
)

select * from joined
