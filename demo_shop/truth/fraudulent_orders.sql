-- One row per order of a fraudster.
create or replace table truth.fraudulent_orders as
select
    order_id,
    ['burst', 'coupon_abuse'][fraud_number] as fraud_kind
from visits
where fraud_number > 0
order by order_id;
