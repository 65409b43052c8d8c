{#
    Text that users wrote, without what names somebody. Shape and check digits tell
    e-mail addresses and numbers; the user's own names and numbers come from the vault.
#}

{# Steps of intake: `redacted` has the rows and published_text, by var free_text. #}
{% macro with_published_text(column) -%}
{%- if var('free_text') == 'left_out' -%}
redacted as (
    select
        *,
        case when {{ column }} is not null then '[text]' end as published_text
    from source_rows
),
{%- else -%}
{%- set digit = '[0-9０-９٠-٩۰-۹]' -%}
-- the others, nearly all, have neither an @ nor seven digits, and stay as they are
suspected as (
    select
        source_rows.*,
        own_names.search_keys,
        own_names.phone_pattern,
        own_names.name_pattern,
        case
            when length(source_rows.{{ column }}) <= 10000 and regexp_matches(
                source_rows.{{ column }},
                '(?i)[@＠﹫]|%40|&#64;|&commat;|[[({<]\s*at|\sat\s|[一幺][三四五六七八九]'
                || '|{{ digit }}(?:[^0-9]{0,3}{{ digit }}){6}'
            ) then {{ plain_letters('source_rows.' ~ column) }}
        end as plain_text
    from source_rows
    left join own_names on source_rows.user_id = own_names.user_id
),

without_emails as (
    select
        *,
        {{ without_emails('plain_text') }} as text_without_emails
    from suspected
),

-- rows of digits, with a word before them that says what they are
with_runs as (
    select
        *,
        {{ runs_of_digits('text_without_emails') }} as runs
    from without_emails
),

-- each run is cut at its blanks and signs in every way
with_pieces as (
    select
        *,
        flatten(list_transform(runs, lambda run: {{ pieces('run') }})) as pieces
    from with_runs
),

-- the longest go first
with_numbers as (
    select
        *,
        list_reverse_sort(list_filter(
            list_transform(pieces, lambda piece: [
                printf('%02d', length(piece[1])), piece[1], {{ kind_of_number('piece') }}
            ]),
            lambda number: number[3] is not null
        )) as numbers
    from with_pieces
),

without_numbers as (
    select
        *,
        {{ without_spelt_numbers(without_pieces('text_without_emails', 'numbers')) }}
            as text_without_numbers
    from with_numbers
),

compared as (
    select
        *,
        case
            when text_without_numbers <> plain_text then text_without_numbers
            else {{ column }}
        end as text_found
    from without_numbers
),

lettered as (
    select
        *,
        case when search_keys is not null then {{ letters_only('text_found') }} end
            as letters
    from compared
),

-- patterns cost much, so that their keys are looked for first
with_keys as (
    select
        *,
        len(list_filter(search_keys, lambda word: contains(letters, word))) > 0 as has_key
    from lettered
),

without_phone as (
    select
        *,
        case
            when has_key and phone_pattern is not null
                then regexp_replace(text_found, phone_pattern, '[phone]', 'g')
            else text_found
        end as text_without_phone
    from with_keys
),

-- twice: two names may share the blank between them
redacted as (
    select
        *,
        case
            -- longer than what anybody writes by hand, and than a pattern may be
            when length({{ column }}) > 10000 then '[text]'
            when has_key
                then regexp_replace(
                    regexp_replace(
                        text_without_phone, name_pattern, '\1[name]\2', 'g'
                    ), name_pattern, '\1[name]\2', 'g'
                )
            else text_without_phone
        end as published_text
    from without_phone
),
{%- endif -%}
{%- endmacro %}

{# What reading noted, and whether the text held what is not published. #}
{% macro text_repairs(column) -%}
    {%- if var('free_text') == 'left_out' -%}
    read_repairs
    {%- else -%}
    nullif(concat_ws('; ', read_repairs, case
        when published_text <> {{ column }}
            then '{{ column }} held personal data, redacted'
    end), '') as read_repairs
    {%- endif -%}
{%- endmacro %}

{# Digits, signs and Latin letters of other widths and scripts as ASCII has them. #}
{% macro plain_letters(text) -%}
    case
        when strlen({{ text }}) = length({{ text }}) then {{ text }}
        else translate(
                {{ text }},
                '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹＠﹫＋（）－‐‑‒–—．／：'
                || 'ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ'
                || chr(160) || chr(8195) || chr(8201) || chr(8239) || chr(12288)
                || chr(173) || chr(8203) || chr(8204) || chr(8205) || chr(8288) || chr(65279),
                '012345678901234567890123456789@@+()------./:'
                || 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ     '
            )
    end
{%- endmacro %}

{# A name, at, a place with a point: written together, with blanks, or in words. #}
{% macro without_emails(text) -%}
    {%- set letters = '[\p{Latin}\p{Greek}\p{Cyrillic}\p{N}_' -%}
    {%- set local = '(?:' ~ letters ~ ".%+'-]+|\p{Han}+)" -%}
    {%- set label = '(?:' ~ letters ~ '-]*[\p{Latin}\p{Greek}\p{Cyrillic}]' ~ letters
        ~ '-]*|\p{Han}+)' -%}
    {%- set at = '(?:@|%40|&#64;|&commat;|\s*[[({<]\s*(?:at|@)\s*[])}>]\s*)' -%}
    {%- set point = '(?:[.。]|\s+[.。]\s*|\s*[[({<]\s*(?:dot|[.])\s*[])}>]\s*)' -%}
    regexp_replace(
        regexp_replace(
            regexp_replace(
                {{ text }},
                {{ text_literal('(?i)' ~ local ~ '(?:' ~ at ~ '|\s*@\s*)' ~ label
                    ~ '(?:' ~ point ~ label ~ ')+') }},
                '[e-mail]', 'g'
            ),
            {{ text_literal('(?i)' ~ local ~ at ~ label ~ '(?:[.]' ~ label ~ ')*') }},
            '[e-mail]', 'g'
        ),
        {{ text_literal('(?i)' ~ local ~ '\s+at\s+' ~ label ~ '(?:\s+dot\s+' ~ label ~ ')+') }},
        '[e-mail]', 'g'
    )
{%- endmacro %}

{# Rows of seven digits or more, and what may be an account: texts with what is before. #}
{% macro runs_of_digits(text) -%}
    {%- set before = '(?:' ~ order_words() ~ '|' ~ phone_words() ~ '|[a-z_])?' -%}
    regexp_extract_all(
        {{ text }},
        {{ text_literal('(?i)' ~ before ~ '[+(]*[0-9](?:[ .()/-]{0,3}[0-9x]){6,200}') }}
    ) || regexp_extract_all(
        {{ text }}, '(?i)\b[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,40}'
    )
{%- endmacro %}

{# Words before a number that is none of a person. #}
{% macro order_words() -%}
    {{ return('(?:order|invoice|tracking|ref|reference|sku|ean|isbn|id|订单|运单|快递|单号'
        ~ '|编号|货号|条码)' ~ words_between()) }}
{%- endmacro %}

{# Words before a telephone number. #}
{% macro phone_words() -%}
    {{ return('(?:\\b(?:tel|telephone|telefon|phone|mobile|mob|cell|call|whatsapp|wechat|qq'
        ~ '|wx|vx|fax)|电话|手机|座机|微信|联系)' ~ words_between()) }}
{%- endmacro %}

{% macro words_between() -%}
    {{ return('(?:[\\s:：#.=(-]|no|nr|number|is|at|me|号码?|是|为)*') }}
{%- endmacro %}

{#
    From the begin of a group of letters or digits to the end of one, 7 to 46 signs; beside
    each, the words before a number that is none of a person, or ''.
#}
{% macro pieces(run) -%}
    flatten(list_transform(
        list_filter(
            range(1, length({{ run }}) - 5),
            lambda first: regexp_matches({{ run }}[first], '[0-9A-Za-z+(\p{Han}]')
            and (first = 1 or regexp_matches({{ run }}[first - 1], '[^0-9A-Za-z_]'))
        ),
        lambda first: list_transform(
            list_filter(
                range(first + 6, least(first + 46, length({{ run }})) + 1),
                lambda last: regexp_matches(
                    {{ run }}[last:last + 1], '^[0-9A-Za-z][^0-9A-Za-z_]?$'
                )
            ),
            lambda last: [
                {{ run }}[first:last],
                regexp_extract({{ run }}, {{ text_literal('(?i)^' ~ order_words()) }})
            ]
        )
    ))
{%- endmacro %}

{# Chinese mobile numbers in Chinese numerals. #}
{% macro without_spelt_numbers(text) -%}
    regexp_replace(
        {{ text }},
        '[1一幺][三四五六七八九](?:[\s-]{0,2}[〇零一二三四五六七八九幺0-9]){9}',
        '[phone]', 'g'
    )
{%- endmacro %}

{# What a piece is, by shape and check digits; null for other numbers. #}
{% macro kind_of_number(piece) -%}
    {%- set cards = '(?:2[2-7]|[3-6][0-9])[0-9]{2}(?:[ .-]{0,3}[0-9]{4}){3}'
        ~ '|6[0-9]{3}(?:[ .-]{0,3}[0-9]{4}){3}[ .-]{0,3}[0-9]{1,3}'
        ~ '|3[0-9]{3}[ .-]{0,3}[0-9]{6}[ .-]{0,3}[0-9]{4,5}' -%}
    {%- set identities = '[1-9][0-9]{5}[ -]?(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])'
        ~ '(?:0[1-9]|[12][0-9]|3[01])[ -]?[0-9]{3}[0-9Xx]' -%}
    {%- set gap = '[ .-]{0,3}' -%}
    {%- set phones = [
        '[(]?(?:(?:[+]|00)?86[)]?' ~ gap ~ ')?1[3-9][0-9](?:'
            ~ gap ~ '[0-9]{4}' ~ gap ~ '[0-9]{4}|' ~ gap ~ '[0-9]{3}' ~ gap ~ '[0-9]{5}|'
            ~ '[0-9]{2}' ~ gap ~ '[0-9]{3}' ~ gap ~ '[0-9]{3})',
        '1(?: [0-9]){10}',
        '[(]?[+][0-9]{1,3}[)]?(?:[ .()/-]{0,3}[0-9]){6,13}',
        '00[1-9][0-9]{0,2}[ .()/-]{1,3}[0-9]{2,4}(?:' ~ gap ~ '[0-9]{2,4}){1,4}',
        '00[1-9][0-9]{9,12}',
        '[(]?0[1-9][0-9]{1,3}[)]?[ ./-]{1,3}[0-9]{3,8}(?:[ .-][0-9]{2,4}){0,3}',
        '0[1-9](?:[ .-][0-9]{2}){4}|0[1-9][0-9]{8,9}',
        '[(][0-9]{2,4}[)][ -]{0,2}[0-9]{3,5}[ .-]?[0-9]{3,4}',
        '(?:1[ .-])?[0-9]{3}[.-][0-9]{3}[.-][0-9]{4}',
        phone_words() ~ '[^0-9]{0,3}[0-9]{7,14}',
        phone_words() ~ '[^0-9]{0,3}[0-9]{3,5}[)]?(?:[ .-]{1,3}[0-9]{2,4}){1,3}',
    ] -%}
    {%- set text = piece ~ '[1]' -%}
    {%- set digits = "regexp_replace(" ~ text ~ ", '[^0-9]', '', 'g')" -%}
    case
        when
            regexp_full_match({{ text }}, '{{ cards }}')
            and {{ luhn_sum(digits) }} % 10 = 0 then '[card]'
        when
            regexp_full_match({{ text }}, '{{ identities }}')
            and {{ identity_sum(text) }} % 11 = 1 then '[identity number]'
        when
            regexp_full_match({{ text }}, '(?i)[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}')
            and {{ account_rest(text) }} = 1 then '[bank account]'
        when
            {{ piece }}[2] = ''
            and length({{ digits }}) between 7 and 15
            and regexp_full_match({{ text }}, {{ text_literal('(?i)' ~ phones | join('|')) }})
            then '[phone]'
    end
{%- endmacro %}

{# Each piece as its kind. #}
{% macro without_pieces(text, numbers) -%}
    {%- set replaced = namespace(text=text) -%}
    {%- for kind in ['[card]', '[identity number]', '[bank account]', '[phone]'] -%}
        {%- set replaced.text -%}
        regexp_replace({{ replaced.text }}, coalesce(nullif(array_to_string(list_transform(
            list_filter({{ numbers }}, lambda number: number[3] = '{{ kind }}'),
            lambda number: regexp_escape(number[2])
        ), '|'), ''), '$.'), '{{ kind }}', 'g')
        {%- endset -%}
    {%- endfor -%}
    {{ replaced.text }}
{%- endmacro %}

{# ISO/IEC 7812: every other digit from the end is doubled. #}
{% macro luhn_sum(digits) -%}
    list_sum(list_transform(
        range(1, length({{ digits }}) + 1),
        lambda place: case
            when place % 2 = 1 then try_cast(reverse({{ digits }})[place] as int)
            else [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][
                try_cast(reverse({{ digits }})[place] as int) + 1
            ]
        end
    ))
{%- endmacro %}

{# GB 11643: weighted digits, X for 10. #}
{% macro identity_sum(text) -%}
    list_sum(list_transform(
        range(1, 19),
        lambda place: try_cast(replace(
            regexp_replace(upper({{ text }}), '[^0-9X]', '', 'g')[place], 'X', '10'
        ) as int)
        * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1][place]
    ))
{%- endmacro %}

{# ISO 13616: country and check digits last, letters as 10 to 35, modulo 97. #}
{% macro account_rest(text) -%}
    list_transform(
        [array_to_string(list_transform(
            string_split(regexp_replace(
                regexp_replace(upper({{ text }}), '[^0-9A-Z]', '', 'g'),
                '^(.{4})(.*)$', '\2\1'
            ), ''),
            lambda sign: case
                when sign between '0' and '9' then sign
                else cast(ord(sign) - 55 as varchar)
            end
        ), '')],
        -- more digits than an integer holds, so in two parts
        lambda account: try_cast(
            cast(try_cast(account[:36] as hugeint) % 97 as varchar) || account[37:]
            as hugeint
        ) % 97
    )[1]
{%- endmacro %}

{# Letters and digits of a text, in lower case and without accents. #}
{% macro letters_only(text) -%}
    regexp_replace(lower(strip_accents({{ text }})), '[^\p{L}\p{N}]', '', 'g')
{%- endmacro %}

{# The pattern of letters and digits, of any case, with up to two other signs between. #}
{% macro spelt(text) -%}
    array_to_string(list_transform(
        string_split(regexp_replace(lower({{ text }}), '[^\p{L}\p{N}]', '', 'g'), ''),
        lambda letter: '[' || letter || strip_accents(letter) || ']'
    ), '[\s\x{300}-\x{36f}.,:;_*/()|·•''"-]{0,2}')
{%- endmacro %}
