-- one row per campaign and user whom it contacted or in control, or in both arms
with

campaigns as (select * from {{ ref('dec_measured_campaigns') }}),
launched as (select * from {{ ref('dec_launched_decisions') }}),

-- whom the ledger holds in one arm and the shop in the other was in both
delivered as (
    select
        arms.campaign_id,
        arms.user_id,
        case
            when
                frozen.decision in ('contact', 'control')
                and arms.arm <> case frozen.decision
                    when 'contact' then 'treatment' else 'control'
                end
                then 'both'
            else arms.arm
        end as arm,
        arms.channel,
        arms.offer_id,
        cast(null as string) as segment_name
    from {{ ref('campaign_arms') }} as arms
    left join launched as frozen
        on arms.campaign_id = frozen.campaign_id and arms.user_id = frozen.user_id
),

-- the ledger knows the contacts of our campaigns that the shop does not deliver:
-- all who were to be contacted, reached or not
contacts as (
    select * from delivered
    union all
    select
        frozen.campaign_id,
        frozen.user_id,
        'treatment' as arm,
        frozen.channel,
        frozen.offer_id,
        frozen.segment_name
    from launched as frozen
    anti join delivered on frozen.campaign_id = delivered.campaign_id
    where frozen.decision = 'contact' and not {{ is_erased('frozen.user_id') }}
),

channels as (
    select
        channel,
        cast(cost_per_contact as decimal(18, 4)) as contact_cost
    from {{ ref('channels') }}
    where shop = '{{ active_source() }}'
),

rfm as (
    select
        user_id,
        as_of_date,
        segment_name
    from {{ ref('ftr_user__rfm') }}
),

-- a shop that got only the contact list does not know the control users
control_users as (
    select
        frozen.campaign_id,
        frozen.user_id,
        'control' as arm,
        frozen.channel,
        frozen.offer_id,
        frozen.segment_name
    from launched as frozen
    semi join contacts on frozen.campaign_id = contacts.campaign_id
    left join contacts as known
        on
            frozen.campaign_id = known.campaign_id
            and frozen.user_id = known.user_id
    where
        frozen.decision = 'control'
        and known.user_id is null
        -- their outcome is not known, as is that of erased users in the other arm
        and not {{ is_erased('frozen.user_id') }}
),

united as (
    select * from contacts
    union all
    select * from control_users
),

described as (
    select
        united.campaign_id,
        united.user_id,
        united.arm,
        coalesce(united.channel, campaigns.channel) as channel,
        united.offer_id,
        united.segment_name,
        campaigns.is_randomised
        and bool_or(united.arm = 'control') over (partition by united.campaign_id)
            as has_control,
        campaigns.treated_share,
        campaigns.is_over,
        campaigns.pre_starts_on,
        campaigns.starts_on,
        campaigns.ends_on
    from united
    inner join campaigns on united.campaign_id = campaigns.campaign_id
),

joined as (
    select
        described.campaign_id,
        described.user_id,
        described.arm,
        described.channel,
        described.offer_id,
        -- at the start; the ledger has it of the day of the decision
        coalesce(rfm.segment_name, described.segment_name) as segment_name,
        case
            when not described.has_control then 'observational'
            when not described.is_over then 'not over'
            else 'randomised'
        end as measurement,
        described.treated_share,
        case
            when described.arm in ('treatment', 'both')
                then coalesce(channels.contact_cost, 0)
            else 0
        end as contact_cost,
        described.is_over,
        described.pre_starts_on,
        described.starts_on,
        described.ends_on
    from described
    left join channels on described.channel = channels.channel
    left join rfm
        on
            described.user_id = rfm.user_id
            and described.starts_on = rfm.as_of_date
)

select * from joined
