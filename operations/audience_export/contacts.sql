-- one row per launched contact of a campaign that has not ended, with what keeps it back
-- now: a decision may be weeks old, a consent is as of today
create or replace temp table contacts as
with

open_contacts as (
    select
        audience.*,
        channels.consent,
        scoring.as_of_date
    from campaign_audience as audience
    inner join as_of_dates as scoring
        on
            scoring.is_scoring_date
            and audience.ends_on >= scoring.as_of_date
    left join channels
        on
            audience.channel = channels.channel
            and channels.shop = $shop
),

-- the addresses of a contact: its own first, by the order of kinds of the channel
reached as (
    select
        open_contacts.*,
        addresses.kind,
        addresses.address_key,
        row_number() over (
            partition by open_contacts.decision_id order by channel_kinds.rank
        ) as address_rank
    from open_contacts
    inner join channel_kinds on open_contacts.channel = channel_kinds.channel
    inner join addresses
        on
            open_contacts.user_id = addresses.user_id
            and channel_kinds.kind = addresses.kind
),

-- the contact's own account, and all others of its addresses
accounts as (
    select
        decision_id,
        user_id
    from open_contacts
    union
    select
        reached.decision_id,
        addresses.user_id
    from reached
    inner join addresses
        on
            reached.kind = addresses.kind
            and reached.address_key = addresses.address_key
),

consents as (
    unpivot (select
        user_id,
        consent_email as email,
        consent_sms as sms,
        consent_push as push,
        consent_ads as ads
    from users)
    on email, sms, push, ads into name consent value is_given
),

-- what a marketer wrote, and what tools report
suppressions_known as (
    select
        user_id,
        suppression_kind,
        channel,
        first_date,
        last_date
    from suppressions
    where shop = $shop
    union all
    select
        user_id,
        suppression_kind,
        channel,
        cast(first_date as varchar) as first_date,
        null as last_date
    from dec_event_suppressions
),

suppressed as (
    select
        accounts.decision_id,
        bool_or(accounts.user_id = open_contacts.user_id) as is_own,
        bool_or(
            accounts.user_id = open_contacts.user_id
            and suppressions.suppression_kind = 'erasure'
        ) as is_erased
    from accounts
    inner join open_contacts on accounts.decision_id = open_contacts.decision_id
    inner join suppressions_known as suppressions
        on
            accounts.user_id = suppressions.user_id
            and coalesce(suppressions.channel, open_contacts.channel)
            = open_contacts.channel
            -- a date that cannot be read keeps back rather than lets through
            and coalesce(
                try_cast(suppressions.first_date as date)
                <= greatest(open_contacts.send_on, open_contacts.as_of_date),
                true
            )
            and coalesce(
                try_cast(suppressions.last_date as date) >= open_contacts.send_on,
                true
            )
    group by accounts.decision_id
),

refused as (
    select
        accounts.decision_id,
        bool_or(consents.is_given and accounts.user_id = open_contacts.user_id)
            as is_given,
        bool_or(not consents.is_given and accounts.user_id <> open_contacts.user_id)
            as is_refused_elsewhere
    from accounts
    inner join open_contacts on accounts.decision_id = open_contacts.decision_id
    inner join consents
        on
            accounts.user_id = consents.user_id
            and open_contacts.consent = consents.consent
    group by accounts.decision_id
),

judged as (
    select
        open_contacts.*,
        reached.kind,
        reached.address_key,
        case
            when users.user_id is null or suppressed.is_erased then 'erased'
            when suppressed.is_own then 'suppressed'
            when
                open_contacts.consent is distinct from 'none'
                and not coalesce(refused.is_given, false)
                then 'without consent'
            when deliveries.is_stopped then 'campaign stopped'
            when refused.is_refused_elsewhere or suppressed.decision_id is not null
                then 'refused at this address'
        end as reason
    from open_contacts
    left join users on open_contacts.user_id = users.user_id
    left join dec_campaign_deliveries as deliveries
        on open_contacts.campaign_id = deliveries.campaign_id
    left join suppressed on open_contacts.decision_id = suppressed.decision_id
    left join refused on open_contacts.decision_id = refused.decision_id
    left join reached
        on
            open_contacts.decision_id = reached.decision_id
            and reached.address_rank = 1
)

select
    *,
    coalesce(reason, case
        when
            address_key is not null
            and row_number() over (
                partition by campaign_id, kind, address_key, reason is null
                order by audience_rank, decision_id
            ) > 1
            then 'same address'
    end) as left_out
from judged;

-- one row per message of the last week, or ahead, that is in no open campaign: its address
create or replace temp table other_messages as
with

scoring as (
    select as_of_date from as_of_dates
    where is_scoring_date
),

others as (
    select dec_contacts.*
    from dec_contacts
    inner join scoring on dec_contacts.contact_date > scoring.as_of_date - 7
    anti join contacts
        on
            dec_contacts.campaign_id = contacts.campaign_id
            and dec_contacts.user_id = contacts.user_id
)

select
    addresses.kind,
    addresses.address_key,
    others.contact_date
from others
inner join channel_kinds on others.channel = channel_kinds.channel
inner join addresses
    on others.user_id = addresses.user_id and channel_kinds.kind = addresses.kind
qualify row_number() over (
    partition by others.campaign_id, others.user_id order by channel_kinds.rank
) = 1
