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
        1 + number_below(16, uniform('family name', persons.person_number))
            as family_number,
        1 + number_below(16, uniform('given name', persons.person_number))
            as given_number
    from persons
    inner join cities on persons.city_number = cities.city_number
    where persons.is_registered and persons.signup_day < getvariable('days')
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
        when is_chinese
            then
                getvariable('chinese_family')[family_number]
                || getvariable('chinese_given')[given_number]
        else
            getvariable('western_given')[given_number]
            || ' ' || getvariable('western_family')[family_number]
    end as full_name,
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
from named
order by person_number;
