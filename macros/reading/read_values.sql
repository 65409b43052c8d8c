{#
    How text of a file becomes a value of the contract's type, and what is noted about
    it. Every macro takes an SQL expression of text and returns one expression.
#}

{# Blanks of every kind around the text are no part of it; 'NULL' and '\N' say nothing. #}
{% macro trimmed(raw) -%}
    nullif(nullif(nullif(
        trim(
            {{ raw }},
            ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8203) || chr(8239)
            || chr(12288) || chr(65279)
        ), ''
    ), 'NULL'), '\N')
{%- endmacro %}

{#
    The text of a cell without what a spreadsheet puts before it so that it stays a text:
    '700, '-5.00 or ="0700". In words only a sign is escaped, as 't is how some begin. In
    values and ids, full-width digits and signs are plain ones.
#}
{% macro unescaped(raw, is_words) -%}
    case
        {% if not is_words -%}
        when strlen({{ raw }}) <> length({{ raw }})
            then {{ unescaped_ascii(
                "translate(" ~ raw ~ ", '０１２３４５６７８９．，－＋：／（）　−﹣', '0123456789.,-+:/() --')",
                is_words
            ) }}
        {% endif -%}
        when {{ is_escaped(raw) }} then {{ unescaped_ascii(raw, is_words) }}
        else {{ raw }}
    end
{%- endmacro %}

{% macro is_escaped(raw) -%}
    (starts_with(ltrim({{ raw }}), '''') or starts_with(ltrim({{ raw }}), '="'))
{%- endmacro %}

{% macro unescaped_ascii(raw, is_words) -%}
    replace(regexp_replace(regexp_replace(
        {{ raw }}, '^\s*''({{ '[=+@-]' if is_words }}.*)$', '\1', 's'
    ), '^\s*="(.*)"\s*$', '\1', 's'), '""', '"')
{%- endmacro %}

{#
    Text whose UTF-8 bytes were read as Latin-1 or Windows-1252, one character a byte,
    set right: 'CafÃ©' is 'Café'. Text that does not come out as UTF-8 stays.
#}
{% macro unscrambled(raw) -%}
    {%- set windows -%}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ{%- endset -%}
    case
        -- a first byte, a later byte, and nothing that is no byte: anything else would
        -- fail below, and TRY pays for a failure with the rows around it
        when
            regexp_matches({{ raw }}, '[\x{C2}-\x{F4}][\x{80}-\x{BF}{{ windows }}]')
            and regexp_full_match({{ raw }}, '[\x{00}-\x{FF}{{ windows }}]*', 's')
            then coalesce(
                try(decode(unhex(array_to_string(
                    list_transform(
                        string_split({{ raw }}, ''),
                        lambda letter: printf('%02X', case
                            when ord(letter) < 256 then ord(letter)
                            -- what Windows-1252 has from 128 on
                            else 127 + instr(
                                '€_‚ƒ„…†‡ˆ‰Š‹Œ_Ž__‘’“”•–—˜™š›œ_žŸ', letter
                            )
                        end)
                    ), ''
                )))),
                {{ raw }}
            )
        else {{ raw }}
    end
{%- endmacro %}

{% macro single_spaced(raw) -%}
    regexp_replace({{ raw }}, '[\s\x{A0}]+', ' ', 'g')
{%- endmacro %}

{# Words: right encoding, single spaces. The plain ones, nearly all, are left alone. #}
{% macro read_text(raw) -%}
    case
        when
            strlen({{ raw }}) = length({{ raw }})
            and not contains({{ raw }}, '  ')
            and not contains({{ raw }}, chr(9))
            and not contains({{ raw }}, chr(10))
            then {{ trimmed(raw) }}
        else {{ trimmed(single_spaced(unscrambled(raw))) }}
    end
{%- endmacro %}

{# The id of a user as a source writes it; some have 12346.0 for 12346. #}
{% macro read_user_id(raw, has_decimals) -%}
    {%- set raw = unescaped(raw, false) -%}
    {%- if has_decimals -%}
        {{ trimmed("regexp_replace(" ~ raw ~ ", '[.]0+ *$', '')") }}
    {%- else -%}{{ trimmed(raw) }}
    {%- endif -%}
{%- endmacro %}

{# A word out of a short list, such as a status: in lower case. #}
{% macro read_code(raw) -%}
    lower({{ read_text(raw) }})
{%- endmacro %}

{#
    A number: digits with a decimal point, else the ways money is written. Points, commas,
    spaces and apostrophes before groups of three are no decimal ones. One point or comma
    before three digits may be either, `1,234`: `sign` is the decimal one of the file's
    column, or null, which makes a point decimal and a comma not. Brackets or a minus sign,
    which some write at the end, make it negative.
#}
{% macro read_decimal(raw, data_type, sign='cast(null as string)') -%}
    {%- set digits = digits_of(raw) -%}
    coalesce(
        case
            when {{ sign }} = ',' and {{ is_in_doubt(digits) }} then null
            else try_cast({{ raw }} as {{ data_type }})
        end,
        case
            when {{ raw }} is null or not regexp_matches({{ raw }}, '[0-9]') then null
            else try_cast(
                case when regexp_matches({{ raw }}, '^[^0-9]*[-(]|-[^0-9]*$') then '-' else '' end
                || case
                    when {{ is_in_doubt(digits) }}
                        then case
                            when contains({{ digits }}, coalesce({{ sign }}, '.'))
                                then replace({{ digits }}, ',', '.')
                            else regexp_replace({{ digits }}, '[.,]', '', 'g')
                        end
                    when regexp_full_match({{ digits }}, '[0-9]+([.,][0-9]+)?')
                        then replace({{ digits }}, ',', '.')
                    when regexp_full_match({{ digits }}, '[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?')
                        then replace({{ digits }}, ',', '')
                    when regexp_full_match({{ digits }}, '[0-9]{1,3}([.][0-9]{3})+(,[0-9]+)?')
                        then replace(replace({{ digits }}, '.', ''), ',', '.')
                end as {{ data_type }}
            )
        end
    )
{%- endmacro %}

{# Digits, points and commas of a number, without currency, sign and blanks. #}
{% macro digits_of(raw) -%}
    {%- set currency -%}(?:\p{Sc}|[A-Za-z]{1,3}\p{Sc}?|元|円){%- endset -%}
    regexp_replace(regexp_extract(
        {{ raw }},
        '^\s*[-+(]?\s*{{ currency }}?\s*-?\s*([0-9][0-9 .,''’\x{A0}\x{202F}]*)\s*-?\s*{{ currency }}?\s*-?\)?\s*$',
        1
    ), '[ ''’\x{A0}\x{202F}]', '', 'g')
{%- endmacro %}

{# One point or comma, with three digits behind it and one to three before, not 0. #}
{% macro is_in_doubt(digits) -%}
    regexp_full_match({{ digits }}, '[1-9][0-9]{0,2}[.,][0-9]{3}')
{%- endmacro %}

{# Digits whose decimal sign is beyond doubt to be `sign`, written as a pattern does. #}
{% macro shows_sign(digits, sign, other) -%}
    (
        regexp_full_match(
            {{ digits }},
            '0{{ sign }}[0-9]+|[0-9]+{{ sign }}([0-9]{1,2}|[0-9]{4,})|[0-9]{4,}{{ sign }}[0-9]{3}'
            || '|[0-9]{1,3}({{ other }}[0-9]{3})+{{ sign }}[0-9]+|[0-9]{1,3}({{ other }}[0-9]{3}){2,}'
        )
    )
{%- endmacro %}

{# A whole number; 1990.0, as tables with gaps are exported, is one. #}
{% macro read_int(raw) -%}
    case
        when try_cast({{ raw }} as double) = floor(try_cast({{ raw }} as double))
            then try_cast(try_cast({{ raw }} as double) as int)
    end
{%- endmacro %}

{% macro read_double(raw) -%}
    case
        when isfinite(try_cast({{ raw }} as double))
            then try_cast({{ raw }} as double)
    end
{%- endmacro %}

{% macro read_boolean(raw) -%}
    case lower(trim({{ raw }}))
        {% for word in ['true', 't', '1', '1.0', 'yes', 'y', '是'] -%}
        when '{{ word }}' then true
        {% endfor -%}
        {% for word in ['false', 'f', '0', '0.0', 'no', 'n', '否'] -%}
        when '{{ word }}' then false
        {% endfor -%}
    end
{%- endmacro %}

{#
    An instant, UTC unless it names its offset: ISO 8601, else the other ways of writing,
    also before an offset such as -0400 or GMT+02:00. Years 1 to 9999 only, which also
    keeps out 'infinity', to strptime the year 1900.
#}
{% macro read_timestamp(raw) -%}
    coalesce(
        {{ read_instant(raw) }},
        case
            when {{ has_offset(raw) }}
                then {{ read_instant("regexp_replace(" ~ raw ~ ", '" ~ offset_pattern() ~ "', '\\1')") }}
                - to_minutes(
                    case when {{ part_of_offset(raw, 3) }} = '-' then -1 else 1 end
                    * (
                        60 * coalesce(try_cast({{ part_of_offset(raw, 4) }} as int), 0)
                        + coalesce(try_cast({{ part_of_offset(raw, 5) }} as int), 0)
                    )
                )
        end
    )
{%- endmacro %}

{% macro read_instant(raw) -%}
    {%- set instant = 'cast(try_cast(' ~ raw ~ ' as timestamptz) as timestamp)' -%}
    coalesce(
        case when {{ is_year_in_range(instant) }} then {{ instant }} end,
        list_filter(
            [case
                when not contains(lower({{ raw }}), 'inf')
                    then {{ read_other_timestamp(raw) }}
            end],
            lambda instant: {{ is_year_in_range('instant') }}
        )[1]
    )
{%- endmacro %}

{# A time of day, then UTC, GMT or Z, or an offset in hours and minutes; its parts. #}
{% macro offset_pattern() -%}
    ^(.*?[0-9]:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:\s*[AaPp][Mm])?)\s*(UTC|GMT|Z)?\s*(?:([+-])([0-9]{1,2}):?([0-9]{2})?)?\s*(?:\([^()]*\))?\s*$
{%- endmacro %}

{% macro has_offset(raw) -%}
    regexp_matches({{ raw }}, '[0-9]:[0-9]{2}.*(Z|[A-Za-z_/]{3,}|[+-][0-9]{1,2}:?([0-9]{2})?)\s*(\([^()]*\))?\s*$')
{%- endmacro %}

{# An instant whose text names no offset, as the shop's clock showed it; else as it is. #}
{% macro in_zone(instant, raw) -%}
    case
        when zone is null or {{ has_offset(raw) }} then {{ instant }}
        else cast(timezone(zone, {{ instant }}) as timestamp)
    end
{%- endmacro %}

{% macro part_of_offset(raw, number) -%}
    regexp_extract({{ raw }}, '{{ offset_pattern() }}', {{ number }})
{%- endmacro %}

{% macro is_year_in_range(instant) -%}
    {{ instant }} >= cast('0001-01-01' as timestamp)
    and {{ instant }} < cast('9999-12-31' as timestamp)
{%- endmacro %}

{% macro read_other_timestamp(raw) -%}
    {%- set times = ['', ' %H:%M', ' %H:%M:%S', ' %I:%M %p', ' %I:%M:%S %p'] -%}
    {%- set known = [] -%}
    {%- set day_first = [] -%}
    {%- set month_first = [] -%}
    {%- for time in times -%}
        {%- for day in [
            '%d.%m.%Y', '%d-%b-%Y', '%d %b %Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y',
            '%Y%m%d', '%Y年%m月%d日', '%Y.%m.%d', '%a, %d %b %Y', '%a %b %d %Y', '%Y/%m/%d',
        ] -%}
            {%- do known.append("'" ~ day ~ time ~ "'") -%}
        {%- endfor -%}
        {%- do day_first.append("'%d/%m/%Y" ~ time ~ "'") -%}
        {%- do month_first.append("'%m/%d/%Y" ~ time ~ "'") -%}
    {%- endfor -%}
    {%- set day_first = 'try_strptime(' ~ raw ~ ', [' ~ day_first | join(', ') ~ '])' -%}
    {%- set month_first = 'try_strptime(' ~ raw ~ ', [' ~ month_first | join(', ') ~ '])' -%}
    coalesce(
        try_strptime(trim({{ raw }}), [{{ known | join(', ') }}]),
        {% if var('slash_dates') == 'day_first' -%}
        {{ day_first }}
        {%- elif var('slash_dates') == 'month_first' -%}
        {{ month_first }}
        {%- else -%}
        case
            when {{ day_first }} is null then {{ month_first }}
            when coalesce({{ month_first }} = {{ day_first }}, true) then {{ day_first }}
        end
        {%- endif %}
    )
{%- endmacro %}

{# The value of a column as the contract types it. #}
{% macro read_value(raw, column) -%}
    {%- set data_type = column.data_type -%}
    {%- if data_type == 'string' -%}
        {%- if column.name.endswith('_id') -%}{{ trimmed(raw) }}
        {%- elif column.meta.read_as == 'code' -%}{{ read_code(raw) }}
        {%- else -%}{{ read_text(raw) }}
        {%- endif -%}
    {%- elif data_type.startswith('decimal') -%}{{ read_decimal(raw, data_type, 'sign_' ~ column.name) }}
    {%- elif data_type == 'int' -%}{{ read_int(raw) }}
    {%- elif data_type == 'double' -%}{{ read_double(raw) }}
    {%- elif data_type == 'boolean' -%}{{ read_boolean(raw) }}
    {%- elif data_type == 'timestamp' -%}{{ in_zone(read_timestamp(raw), raw) }}
    {%- elif data_type == 'date' -%}cast({{ read_timestamp(raw) }} as date)
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            'Cannot read the type ' ~ data_type ~ ' of column ' ~ column.name ~ '.'
        ) }}
    {%- endif -%}
{%- endmacro %}
