{{ config(severity='warn') }}

-- a reason to look and to fit anew, not to stop; one feature alone is none
select * from {{ ref('rpt_drift') }}
where advice in ('look at the source', 'retrain now')
