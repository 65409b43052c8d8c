-- Campaigns and contacts planned from outside, such as by tests/simulation: the runner
-- fills both from the folder `plan`, if it is given one.
create or replace temp table planned_campaigns (
    campaign_id varchar,
    campaign_type varchar,
    channel varchar,
    category varchar,
    start_day integer,
    length_days integer,
    face_cents integer,
    discount_share double
);
create or replace temp table planned_contacts (
    campaign_id varchar,
    user_id varchar,
    arm varchar
);
