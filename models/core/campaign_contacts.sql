-- one row per contact of a campaign, or entry of a user in its control group
-- depends_on: {{ ref('data_quality') }}
select
    campaign_id,
    user_id,
    arm,
    channel,
    offer_id,
    row_number() over (
        partition by campaign_id, user_id
        order by sent_at nulls last, arm, channel nulls last, offer_id nulls last
    ) as contact_number,
    sent_at
from {{ ref('int_campaign_contacts_checked') }}
where row_status = 'kept'
