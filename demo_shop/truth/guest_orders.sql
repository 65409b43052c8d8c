-- One row per order without a user, whose buyer registered later.
create or replace table truth.guest_orders as
select
    visits.order_id,
    persons.user_id
from visits
inner join persons on visits.person_number = persons.person_number
where visits.is_order and persons.is_registered and visits.user_id is null
order by visits.order_id;
