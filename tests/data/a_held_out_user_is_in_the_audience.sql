select
    campaign_audience.campaign_id,
    campaign_audience.user_id
from {{ ref('campaign_audience') }} as campaign_audience
inner join {{ ref('campaign_contacts') }} as campaign_contacts
    on
        campaign_audience.campaign_id = campaign_contacts.campaign_id
        and campaign_audience.user_id = campaign_contacts.user_id
where campaign_contacts.arm = 'holdout'
