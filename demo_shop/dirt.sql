-- Functions of the dirt: `draw` is a number in [0, 1).

create or replace temp macro broken_date(value, draw) as
one_of(
    [
        '2026-13-45',
        '2026-02-30',
        '31/02/2026',
        '0000-00-00',
        'soon',
        strftime(value, '%Y-13-45 %H:%M:%S')
    ],
    draw
);

-- A text as a program reads it that takes each byte of UTF-8 for a character.
create or replace temp macro utf_8_as_latin_1(value) as
array_to_string(
    [
        chr(cast('0x' || byte as integer))
        for byte in regexp_extract_all(hex(value), '..')
    ],
    ''
);

create or replace temp macro respaced(value, draw) as
one_of(
    [
        case
            when value != upper(value) then upper(value)
            when value != lower(value) then lower(value)
            else value || ' '
        end,
        ' ' || value,
        upper(value) || ' ',
        chr(9) || value,
        value || chr(160),
        '  ' || replace(value, ' ', '  ')
    ],
    draw
);

-- Two decimals always: the last separator is then the decimal one.
create or replace temp macro amount_text(amount) as
format('{:,.2f}', cast(amount as double));

create or replace temp macro currency_text(amount, draw) as
one_of(
    [
        '$' || amount_text(amount),
        '¥' || amount_text(amount),
        'CNY ' || amount_text(amount),
        translate(amount_text(amount), ',.', '.,') || ' €',
        translate(amount_text(amount), ',.', ' ,')
    ],
    draw
);

create or replace temp macro impossible_birth_year(birth_year, draw, year_draw) as
one_of(
    [
        cast(floor(1200 + 700 * year_draw) as integer),
        cast(floor(2100 + 900 * year_draw) as integer),
        -birth_year
    ],
    draw
);

-- What a clock says that was never set.
create or replace temp macro unset_clock(draw, day_draw) as
one_of(
    [
        timestamp '1970-01-01',
        timestamp '1970-01-01' + floor(365 * day_draw) * interval 1 day
    ],
    draw
);

create schema if not exists truth;
create or replace table truth.planted_dirt (
    kind varchar,
    entity varchar,
    column_name varchar,
    source_row bigint,
    row_key varchar,
    clean_value varchar,
    dirty_value varchar,
    expected_status varchar,
    expected_reason varchar
);
