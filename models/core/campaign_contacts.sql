-- one row per campaign and user contacted or in control
-- depends_on: {{ ref('data_quality') }}
select
    campaign_id,
    user_id,
    arm,
    channel,
    offer_id,
    sent_at
from {{ ref('int_campaign_contacts_checked') }}
where row_status = 'kept'
