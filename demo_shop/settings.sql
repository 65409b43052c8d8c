-- What every step reads by getvariable(), beside what shop.py sets before: users, days,
-- seed, horizon_days, history_days, has_plan, folder and vars of dbt_project.yml.

-- Joins as they are written, the small table last: the planner, which cannot guess how
-- many lines an order has, else holds the lines in memory.
set disabled_optimizers = 'join_order,build_side_probe_side';

-- The linter knows no expressions in `set variable`.
-- noqa: disable=PRS
-- The first of all days there will be.
set variable first_date
= getvariable('last_date') - (getvariable('horizon_days') - 1);
set variable first_weekday = cast(isodow(getvariable('first_date')) - 1 as integer);
set variable first_monday = getvariable('first_date') - getvariable('first_weekday');
set variable weeks
= (getvariable('days') + getvariable('first_weekday') + 6) // 7;
-- Deals are announced so many weeks ahead.
set variable planned_weeks = getvariable('weeks') + 5;
-- Where the data begin and end, in UTC.
set variable first_instant = timezone(
    'UTC',
    timezone(getvariable('timezone'), cast(getvariable('first_date') as timestamp))
);
set variable end_instant = timezone(
    'UTC',
    timezone(
        getvariable('timezone'),
        cast(getvariable('first_date') + getvariable('days') as timestamp)
    )
);
set variable end_second = date_diff(
    'second', getvariable('first_instant'), getvariable('end_instant')
);

-- Campaigns that are over, every 42 days.
set variable past_campaigns = greatest(0, (getvariable('history_days') - 24) // 42);
-- noqa: enable=PRS

-- Numbers that order ids can hold: 2^36.
set variable order_numbers = 68719476736;
-- The warehouse that serves web and app, then the stores.
set variable locations = ['L00', 'L01', 'L02', 'L03', 'L04'];
-- How strongly the three kinds of user follow prices.
set variable sensitivities = [0.4, 1.0, 1.7];
-- Of the orders that an offer brings, those that use its coupon.
set variable extra_coupon_share = 0.5;
-- Of the online visits, those whose clicks are known.
set variable followed_share = 0.4;
-- Days before an order in which its buyer looks around in web or app, and the chance to
-- do so on each.
set variable looking_days = 5;
set variable looking_share = 0.3;
-- Deals of a category in a week.
set variable deal_slots = 3;
-- Of an elasticity, the part that moves lines rather than units a line.
set variable choice_share = 0.75;
