-- one row per contact that may be sent: all that a layout can ask for
create or replace temp table messages as
with

-- sums of money without noughts that say nothing
offers as (
    select
        offer_id,
        discount_kind,
        coalesce(eligible_category, '') as category,
        regexp_replace(cast(cast(100 * discount_value as decimal(18, 2)) as varchar), '\.?0+$', '') as percent,
        regexp_replace(cast(cast(10 * (1 - discount_value) as decimal(18, 2)) as varchar), '\.?0+$', '') as fold,
        concat_ws(' ', regexp_replace(cast(cast(discount_value as decimal(18, 2)) as varchar), '\.?0+$', ''), nullif($currency, '')) as amount,
        regexp_replace(cast(cast(discount_value as decimal(18, 2)) as varchar), '\.?0+$', '') as points,
        case when minimum_basket_amount > 0 then concat_ws(' ', regexp_replace(cast(cast(minimum_basket_amount as decimal(18, 2)) as varchar), '\.?0+$', ''), nullif($currency, '')) end
            as basket
    from plan_offers
),

-- a shop without names has categories, which are told once
products as (
    select
        *,
        row_number() over (
            partition by decision_id, product_name order by product_rank
        ) = 1 as is_first
    from message_products
),

shown as (
    select
        decision_id,
        list(product_id order by product_rank) as product_ids,
        list(product_name order by product_rank) filter (
            where is_first and product_name is not null
        ) as product_names
    from products
    group by decision_id
),

named as (
    select
        contacts.decision_id as contact_id,
        contacts.campaign_id,
        contacts.channel,
        contacts.send_on,
        contacts.as_of_date,
        windows.send_from,
        windows.send_until,
        people.source_user_id as customer_id,
        emails.address as email,
        phones.address as phone,
        tokens.address as push_token,
        letters.address as street_address,
        people.postal_code,
        users.city,
        users.region,
        coalesce(people.country, $country) as country,
        lower(people.language) as language,
        coalesce(people.first_name, case
            when contains(people.full_name, ',')
                then trim(split_part(people.full_name, ',', 2))
            when contains(people.full_name, ' ') then split_part(people.full_name, ' ', 1)
        end) as first_name,
        coalesce(people.last_name, case
            when contains(people.full_name, ',')
                then trim(split_part(people.full_name, ',', 1))
            when contains(people.full_name, ' ')
                then people.full_name[instr(people.full_name, ' ') + 1:]
        end) as last_name,
        -- some tools refuse a row without a name
        coalesce(
            people.full_name,
            nullif(concat_ws(' ', people.first_name, people.last_name), ''),
            split_part(emails.address, '@', 1)
        ) as display_name,
        codes.code as coupon_code,
        shown.product_ids,
        shown.product_names,
        offers.*
    from contacts
    inner join windows on contacts.decision_id = windows.decision_id
    inner join vault.people as people on contacts.user_id = people.user_id
    inner join users on contacts.user_id = users.user_id
    left join offers on contacts.offer_id = offers.offer_id
    left join shown on contacts.decision_id = shown.decision_id
    left join given_codes as codes on contacts.decision_id = codes.decision_id
    left join addresses as emails
        on contacts.user_id = emails.user_id and emails.kind = 'email'
    left join addresses as phones
        on contacts.user_id = phones.user_id and phones.kind = 'phone'
    left join addresses as tokens
        on contacts.user_id = tokens.user_id and tokens.kind = 'push_token'
    left join addresses as letters
        on contacts.user_id = letters.user_id and letters.kind = 'street_address'
    where contacts.left_out is null
),

worded as (
    select
        *,
        case
            when language like 'zh%' then nullif(concat(
                category,
                case discount_kind
                    when 'share' then '享' || fold || '折'
                    when 'amount' then '立减' || amount
                    when 'points' then '每消费1' || coalesce(nullif($currency, ''), '元') || '加赠' || points || '积分'
                end,
                '，满' || basket || '可用'
            ), '')
            else nullif(concat_ws(
                ' ',
                case discount_kind
                    when 'share' then percent || '% off'
                    when 'amount' then amount || ' off'
                    when 'points' then points || ' extra points for each 1 spent' || case when category = '' then '' else ' on' end
                end,
                nullif(category, ''),
                'from ' || basket
            ), '')
        end as offer_text,
        replace(
            replace(
                replace($link, '{campaign_id}', url_encode(campaign_id)),
                '{coupon_code}',
                coalesce(coupon_code, '')
            ),
            '{contact_id}',
            contact_id
        ) as link
    from named
)

select
    * replace (
        array_to_string(product_ids, ',') as product_ids,
        array_to_string(product_names, ', ') as product_names
    ),
    nullif(concat_ws(' ', offer_text, coupon_code, link), '') as message_text,
    cast(to_json({
        'first_name': first_name,
        'language': language,
        'coupon_code': coupon_code,
        'offer_text': offer_text,
        'link': link,
        'product_ids': coalesce(product_ids, []),
        'product_names': coalesce(product_names, []),
        'send_from': send_from,
        'campaign_id': campaign_id,
        'contact_id': contact_id
    }) as varchar) as attributes
from worded
