-- one row per user with a name or a telephone number: what their texts may not say
{{ config(materialized="view", database="vault", schema="main") }}
-- scripts that put no blanks between words
{% set unspaced = '\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Hangul}' -%}
{% set edge = '[^\\p{L}\\p{N}]' -%}
with

people as (
    select
        user_id,
        coalesce(full_name, nullif(concat_ws(' ', first_name, last_name), ''))
            as full_name,
        phone,
        updated_at,
        source_file
    from {{ ref('intake_people') }}
),

-- a pattern has a greatest length: the last names and numbers, cut where too long
latest as (
    select
        user_id,
        nfc_normalize(left(full_name, 60)) as full_name,
        left(phone, 60) as phone
    from people
    where user_id is not null
    group by user_id, full_name, phone
    qualify
        row_number() over (
            partition by user_id
            order by
                max(updated_at) desc nulls last,
                max(source_file) desc nulls last,
                full_name asc nulls last,
                phone asc nulls last
        ) <= 3
),

parted as (
    select
        user_id,
        regexp_replace(full_name, '[^{{ unspaced }}]', '', 'g') as unspaced_name,
        right(regexp_replace({{ plain_letters('phone') }}, '[^0-9]', '', 'g'), 8)
            as last_digits,
        list_filter(
            regexp_split_to_array(full_name, '{{ edge }}+|[{{ unspaced }}]+'),
            lambda part: part <> ''
        )[:4] as parts
    from latest
),

-- a name in full, any two of its parts, and single ones
combined as (
    select
        *,
        list_filter(parts, lambda part: length(part) > 2) as single_names,
        [array_to_string(parts, '')] || flatten(list_transform(
            parts,
            lambda one: list_transform(
                list_filter(parts, lambda other: other <> one),
                lambda other: one || other
            )
        )) as whole_names
    from parted
),

-- single ones only as names are written
spelt as (
    select
        user_id,
        case when length(unspaced_name) > 1 then {{ spelt('unspaced_name') }} end
            as unspaced_pattern,
        case when length(last_digits) > 6 then {{ spelt('last_digits') }} end
            as phone_pattern,
        array_to_string(list_transform(
            single_names,
            lambda part: '|' || part || '|' || upper(part)
            || '|' || upper(part[1]) || lower(part[2:])
        ), '') as single_pattern,
        case
            when length(whole_names[1]) > 1
                then array_to_string(
                    list_transform(whole_names, lambda name: {{ spelt('name') }}), '|'
                )
        end as whole_pattern,
        list_filter(
            list_transform(
                parts || [
                    unspaced_name, last_digits, array_to_string(parts, ''),
                    array_to_string(list_reverse(parts), '')
                ],
                lambda part: {{ letters_only('part') }}
            ),
            lambda word: length(word) > 2 or regexp_matches(word, '[{{ unspaced }}]{2}')
        ) as search_keys
    from combined
),

-- of all versions of a user's row
united as (
    select
        user_id,
        flatten(array_agg(search_keys)) as search_keys,
        string_agg(phone_pattern, '|' order by phone_pattern) as phone_pattern,
        string_agg(unspaced_pattern, '|' order by unspaced_pattern) as unspaced_pattern,
        string_agg(
            '(?i:' || whole_pattern || ')' || single_pattern, '|' order by whole_pattern
        ) as spaced_pattern
    from spelt
    group by user_id
),

-- $. is nowhere
enclosed as (
    select
        user_id,
        search_keys,
        '(?:[+(]*[0-9][0-9 ()./-]{0,12})?(?:' || phone_pattern || ')' as phone_pattern,
        '({{ edge }}|^)(?:' || coalesce(spaced_pattern, '$.') || ')({{ edge }}|$)'
        || coalesce('|' || unspaced_pattern, '') as name_pattern
    from united
    where len(search_keys) > 0
)

select * from enclosed
