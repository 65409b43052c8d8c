-- one row per account and kind of address that can be used: how it is written to, and
-- the key that two accounts of one address share
create or replace temp table addresses as
with

people as (
    select
        *,
        -- digits and plus of full width, then without blanks, brackets and (0)
        regexp_replace(
            replace(
                translate(phone, '０１２３４５６７８９＋（）－', '0123456789+()-'), '(0)', ''
            ),
            '[\s ().\-/]',
            '',
            'g'
        ) as plain_phone
    from vault.people
),

emails as (
    select
        user_id,
        'email' as kind,
        lower(trim(email)) as address,
        -- of what Gmail delivers to one box, dots and what follows a plus do not count
        case
            when regexp_matches(lower(trim(email)), '@(gmail|googlemail)\.com$')
                then replace(
                    regexp_replace(split_part(lower(trim(email)), '@', 1), '\+.*$', ''),
                    '.',
                    ''
                ) || '@gmail.com'
            else lower(trim(email))
        end as address_key
    from people
    -- a spreadsheet runs none of these
    where
        regexp_full_match(
            trim(email),
            '[\p{L}\p{N}_][^\s@,;:"<>()\[\]\\|!]*@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+'
        )
),

-- a number without plus or 00 is of the shop's country, unless its calling code stands
-- before it
numbers as (
    select
        user_id,
        case
            when plain_phone like '+%' then plain_phone
            when plain_phone like '00%' then '+' || plain_phone[3:]
            when starts_with(plain_phone, $calling_code) and length(plain_phone) > 10
                then '+' || plain_phone
            when $calling_code <> ''
                then '+' || $calling_code
                || regexp_replace(plain_phone, '^' || $trunk_prefix, '')
        end as number
    from people
    where regexp_full_match(plain_phone, '(\+|00)?[0-9]{6,15}')
),

phones as (
    select
        user_id,
        'phone' as kind,
        number as address,
        number as address_key
    from numbers
    where regexp_full_match(number, '\+[1-9][0-9]{7,14}')
),

push_tokens as (
    select
        user_id,
        'push_token' as kind,
        push_token as address,
        push_token as address_key
    from people
    where regexp_full_match(push_token, '[A-Za-z0-9_-][A-Za-z0-9_:.%=/+-]{7,}')
),

-- a letter reaches whose name and address stand on it
letters as (
    select
        people.user_id,
        'street_address' as kind,
        people.street_address as address,
        lower(regexp_replace(
            concat_ws(
                ' ',
                coalesce(people.full_name, concat_ws(' ', people.first_name, people.last_name)),
                people.street_address,
                people.postal_code,
                users.city,
                people.country
            ),
            '[^\p{L}\p{N}]+',
            '',
            'g'
        )) as address_key
    from people
    left join users on people.user_id = users.user_id
    where
        people.street_address is not null
        and coalesce(people.postal_code, users.city) is not null
        and coalesce(people.full_name, people.last_name, people.first_name) is not null
)

from emails
union all
from phones
union all
from push_tokens
union all
from letters
