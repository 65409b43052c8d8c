-- classes of users with equal attributes who are fewer than a published cell may have
select
    age_band,
    income_band,
    gender,
    city,
    region,
    household_size,
    count(*) as user_count
from {{ ref('generalised_users') }}
group by age_band, income_band, gender, city, region, household_size
having count(*) < {{ var('minimum_cell_users') }} or count(*) <> min(class_user_count)
