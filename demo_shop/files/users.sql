-- One row per user.
create or replace temp view users as
with

named as (
    select
        persons.*,
        cities.city,
        cities.region,
        persons.city_number < getvariable('chinese_cities') as is_chinese,
        1946 + cast(floor(
            62 * sqrt(uniform('birth year', persons.person_number))
        ) as integer) as birth_year,
        year(getvariable('last_date')) as last_year,
        one_of(
            ['female', 'female', 'female', 'male', 'male', 'other'],
            uniform('gender', persons.person_number)
        ) as gender,
        case
            when persons.city_number < getvariable('chinese_cities') then 'CN'
            else
                ['HK', 'CH', 'BR', 'CA'][
                    1 + persons.city_number - getvariable('chinese_cities')
                ]
        end as country,
        1 + number_below(16, uniform('family name', persons.person_number))
            as family_number,
        1 + number_below(16, uniform('given name', persons.person_number))
            as given_number,
        cast(1 + number_below(200, uniform('house', persons.person_number)) as varchar)
            as house_number,
        uniform('postal code', persons.person_number) as postal_draw
    from persons
    inner join cities on persons.city_number = cities.city_number
    where persons.is_registered and persons.signup_day < getvariable('days')
),

called as (
    select
        *,
        case
            when is_chinese then getvariable('chinese_family')[family_number]
            else getvariable('western_family')[family_number]
        end as family_name,
        case
            when is_chinese then getvariable('chinese_given')[given_number]
            else getvariable('western_given')[given_number]
        end as first_name
    from named
)

select
    user_id,
    case
        when is_chinese
            then
                getvariable('chinese_given_latin')[given_number]
                || '.' || getvariable('chinese_family_latin')[family_number]
        else 'customer'
    end || '.' || cast(person_number + 1 as varchar) || '@example.com' as email,
    case when is_chinese then '+86 1' else '+41 7' end || lpad(
        cast(number_below(1000000000, uniform('phone', person_number)) as varchar),
        9,
        '0'
    ) as phone,
    case
        when is_chinese then family_name || first_name
        else first_name || ' ' || family_name
    end as full_name,
    first_name,
    family_name as last_name,
    case when is_chinese then 'zh' else 'en' end as language,
    -- some gave no address, and no device of theirs has the app
    case
        when uniform('gives address', person_number) < 0.9
            then case
                when is_chinese then '解放路' || house_number || '号'
                else house_number || ' Rue de la Gare'
            end
    end as street_address,
    case country
        when 'CN' then cast(100000 + number_below(700000, postal_draw) as varchar)
        when 'CH' then cast(8000 + number_below(60, postal_draw) as varchar)
        when 'BR'
            then '01' || cast(100 + number_below(900, postal_draw) as varchar) || '-000'
        when 'CA'
            then 'H2X ' || cast(1 + number_below(9, postal_draw) as varchar) || 'A1'
    end as postal_code,
    country,
    case when consent_push then 'token:' || md5(user_id) end as push_token,
    -- one in five keeps the year to themselves
    case
        when uniform('tells birth year', person_number) < 0.8 then birth_year
    end as birth_year,
    case
        when birth_year > last_year - 25 then '19-24'
        when birth_year > last_year - 35 then '25-34'
        when birth_year > last_year - 45 then '35-44'
        when birth_year > last_year - 55 then '45-54'
        when birth_year > last_year - 65 then '55-64'
        else '65+'
    end as age_band,
    gender,
    -- who earns less watches prices more, though not always
    ['150K+', '75-99K', '50-74K', '35-49K', '15-24K'][
        1 + class_number + number_below(3, uniform('income', person_number))
    ] as income_band,
    1 + number_below(5, uniform('household', person_number)) as household_size,
    city,
    region,
    one_of(
        ['search', 'search', 'social', 'referral', 'store', 'ads'],
        uniform('acquisition', person_number)
    ) as acquisition_channel,
    consent_email,
    consent_sms,
    consent_push,
    consent_ads,
    -- at night, before the first order of that day can be
    seconds_after(
        getvariable('first_instant'),
        signup_day * 86400
        + number_below(24000, uniform('signup second', person_number))
    ) as signup_at
from called
order by person_number;
