-- One row per campaign and user registered before it: by how much the offer, when sent,
-- moves the chance to order at all while the campaign lasts, and the chance to redeem
-- (nil without an offer). An extra order matters only where no own order comes in that
-- time, putting someone off only otherwise.
create or replace table truth.offer_effects as
with

judged as (
    select
        *,
        no_order_probability(
            is_awake, daily_chance, lapse_hazard, return_hazard, length_days
        ) as no_order_chance,
        no_order_probability(
            is_awake,
            daily_chance * coupon_chance,
            lapse_hazard,
            return_hazard,
            length_days
        ) as no_coupon_order_chance
    from offers
)

select
    campaign_id,
    user_id,
    no_order_chance * extra_chance - (1 - no_order_chance) * put_off_chance
        as buying_effect,
    1 - (1 - getvariable('extra_coupon_share') * extra_chance) * no_coupon_order_chance
        as redemption_effect,
    1 - no_order_chance as buying_chance_without_offer
from judged;
