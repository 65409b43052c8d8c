-- one row per user: whether no campaign ever contacts them, so that all can be measured
with

users as (select * from {{ ref('users') }}),

-- a hash of the pseudonym would draw everybody anew once pseudonyms are rotated
drawn as (
    select
        user_id,
        min_by(is_global_control, decided_on) as is_global_control
    from {{ ref('dec_launched_decisions') }}
    where control_draw = '{{ control_draw() }}'
    group by user_id
),

joined as (
    select
        users.user_id,
        coalesce(
            drawn.is_global_control,
            {{ hashed_number('users.user_id', var('control_salt')) }}
            < {{ var('global_control_share') }}
        ) as is_global_control
    from users
    left join drawn on users.user_id = drawn.user_id
)

select * from joined
