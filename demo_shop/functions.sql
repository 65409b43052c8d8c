-- Functions of the steps.

-- A draw from [0, 1) that depends on nothing but the seed, its purpose and its keys:
-- the same whatever the number of threads or the order of the rows. Two hashes, because
-- one alone makes the draws of two purposes of a key depend on each other.
-- noqa: disable=PRS
create or replace temp macro uniform(purpose, key) as
(hash(hash(getvariable('seed') || ' ' || purpose, key)) >> 11)
* 1.1102230246251565e-16,
(purpose, key, key_2) as
(hash(hash(getvariable('seed') || ' ' || purpose, key, key_2)) >> 11)
* 1.1102230246251565e-16,
(purpose, key, key_2, key_3) as
(hash(hash(getvariable('seed') || ' ' || purpose, key, key_2, key_3)) >> 11)
* 1.1102230246251565e-16;
-- noqa: enable=PRS

-- A draw from the standard normal distribution (Box and Muller).
create or replace temp macro normal(purpose, key) as
sqrt(-2 * ln(1 - uniform(purpose || ' radius', key)))
* cos(2 * pi() * uniform(purpose || ' angle', key));

-- A whole number from 0 to `size` - 1, by a uniform draw.
create or replace temp macro number_below(size, draw) as
cast(floor(draw * size) as integer);

-- One of a list, by a uniform draw.
create or replace temp macro one_of(options, draw) as
options[1 + number_below(len(options), draw)];

-- Days until something that happens each day with chance `daily_chance`; 1 or more.
create or replace temp macro waiting_days(daily_chance, draw) as
1 + cast(least(100000, floor(ln(1 - draw) / ln(1 - daily_chance))) as integer);

-- The rank of a product in its category: low ranks sell most.
create or replace temp macro product_rank(draw) as
cast(floor(getvariable('products_per_category') * pow(draw, 1.8)) as integer);

-- A number of a deal's category, place, week and slot, and of a price sensitivity: joins
-- by one key are fast.
create or replace temp macro deal_key(
    category_number, location_number, week_number, slot_number, class_number
) as
(
    (
        (category_number * len(getvariable('locations')) + location_number)
        * getvariable('planned_weeks') + week_number
    ) * getvariable('deal_slots') + slot_number
) * len(getvariable('sensitivities')) + class_number;

-- Whole cents as money. Decimals this narrow stay in 64 bits, which is fast.
create or replace temp macro money(cents) as
cast(cast(cents as decimal(15, 0)) * 0.01 as decimal(18, 2));

-- The instant so many seconds after another.
create or replace temp macro seconds_after(instant, seconds) as
instant + to_seconds(cast(seconds as bigint));

-- Chance of no own order in `days` days. A user awake at the start of a day orders with
-- chance `p` and falls asleep at its end with chance `hazard`; a sleeping one wakes at
-- its end with chance `waking`. The two-state chain has a closed form by its
-- eigenvalues. `p` is the mean over the days: festivals in the window are averaged.
create or replace temp macro chain_root(p, hazard, waking) as
sqrt(
    pow((1 - p) * (1 - hazard) - (1 - waking), 2) + 4 * waking * (1 - p) * hazard
);
create or replace temp macro high_eigenvalue(p, hazard, waking) as
((1 - p) * (1 - hazard) + (1 - waking) + chain_root(p, hazard, waking)) / 2;
create or replace temp macro low_eigenvalue(p, hazard, waking) as
((1 - p) * (1 - hazard) + (1 - waking) - chain_root(p, hazard, waking)) / 2;
create or replace temp macro no_order_probability(is_awake, p, hazard, waking, days) as
(
    pow(high_eigenvalue(p, hazard, waking), days)
    * (case when is_awake then 1 - p else 1 end - low_eigenvalue(p, hazard, waking))
    - pow(low_eigenvalue(p, hazard, waking), days)
    * (case when is_awake then 1 - p else 1 end - high_eigenvalue(p, hazard, waking))
) / chain_root(p, hazard, waking);
