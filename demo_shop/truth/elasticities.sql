-- One row per category: per cent more units per one per cent less price, for a user of
-- price sensitivity 1; another's is this times their sensitivity.
create or replace table truth.elasticities as
select
    category,
    -elasticity as elasticity
from categories
order by category;
