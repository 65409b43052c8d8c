{#
    Writes what the channels need to send, a folder per channel and version:

        dbt run-operation hand_over

        handover/<source>/<channel>/<version>/contacts.csv
        handover/<source>/<channel>/<version>/manifest.json
        handover/<source>/<channel>/current.json

    A version is named by what it says, so the same decisions give the same bytes in the
    same place, and others a version beside it. The manifest is written last: a version
    without one is not whole. current.json is the manifest of the version to send; a
    decision_id that was sent stays sent, whatever versions come. DuckDB writes each file
    under another name and renames it (use_tmp_file).
#}
{% macro hand_over() -%}
    {%- if execute -%}
        {%- do run_query(hand_over_contacts()) -%}
        {%- set channels = run_query(
            'select channel, sum(cast(left_out is null as int)), count(left_out)'
            ~ ' from handed_over group by channel order by channel'
        ).rows -%}
        {{ print('\nHanded over: contacts per channel, and how many fell away since') }}
        {%- for row in channels -%}
            {%- set version = hand_over_channel(row[0]) -%}
            {{ print('  %-12s %7d %7d   %s' | format(
                row[0], row[1], row[2],
                hand_over_folder() ~ '/' ~ row[0] ~ '/' ~ version
            )) }}
        {%- endfor -%}
        {%- for channel in hand_over_emptied(channels | map(attribute=0) | list) -%}
            {{ print('  %-12s %7d %7d   %s' | format(
                channel, 0, 0,
                hand_over_folder() ~ '/' ~ channel ~ '/' ~ hand_over_channel(channel)
            )) }}
        {%- endfor -%}
        {%- if not channels -%}
            {{ print('  none: no launched campaign is open or due') }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Where the channels of a shop fetch their contacts. #}
{% macro hand_over_folder() -%}
    {{ return(env_var('HANDOVER_DIR', 'handover').rstrip('/') ~ '/' ~ active_source()) }}
{%- endmacro %}

{#
    The launched contacts of campaigns that have not ended, each with what keeps it back
    as the tables stand now: a decision may be weeks old, a consent is as of today.
#}
{% macro hand_over_contacts() -%}
    create or replace temp table handed_over as
    with

    scoring as (
        select as_of_date from {{ ref('as_of_dates') }}
        where is_scoring_date
    ),

    contacts as (
        select
            audience.*,
            scoring.as_of_date
        from {{ ref('campaign_audience') }} as audience
        cross join scoring
        where audience.ends_on >= scoring.as_of_date
    ),

    suppressed as (
        select
            contacts.decision_id,
            min(case suppressions.suppression_kind
                when 'erasure' then 'erased'
                else 'suppressed'
            end) as suppression
        from contacts
        inner join {{ ref('suppressions') }} as suppressions
            on
                contacts.user_id = suppressions.user_id
                and coalesce(suppressions.channel, contacts.channel) = contacts.channel
                -- a date that cannot be read keeps back rather than lets through
                and coalesce(
                    try_cast(suppressions.first_date as date)
                    <= greatest(contacts.send_on, contacts.as_of_date),
                    true
                )
                and coalesce(
                    try_cast(suppressions.last_date as date) >= contacts.send_on, true
                )
        where suppressions.shop = '{{ active_source() }}'
        group by contacts.decision_id
    )

    select
        contacts.user_id,
        contacts.campaign_id,
        contacts.offer_id,
        contacts.send_on,
        contacts.send_from_hour,
        contacts.send_until_hour,
        contacts.decision_id,
        contacts.channel,
        contacts.decided_on,
        case
            when users.user_id is null then 'erased'
            when suppressed.suppression is not null then suppressed.suppression
            when not coalesce(case channels.consent
                {% for consent in ['email', 'sms', 'push', 'ads'] -%}
                    when '{{ consent }}' then users.consent_{{ consent }}
                {% endfor -%}
                when 'none' then true
            end, false) then 'without consent'
        end as left_out
    from contacts
    left join {{ ref('users') }} as users on contacts.user_id = users.user_id
    left join suppressed on contacts.decision_id = suppressed.decision_id
    left join {{ ref('channels') }} as channels
        on
            contacts.channel = channels.channel
            and channels.shop = '{{ active_source() }}'
{%- endmacro %}

{# Columns of contacts.csv: what a channel needs to send, and no more. #}
{% macro hand_over_columns() -%}
    {{ return([
        'user_id', 'campaign_id', 'offer_id', 'send_on', 'send_from_hour',
        'send_until_hour', 'decision_id',
    ]) }}
{%- endmacro %}

{# Channels that were handed contacts once and have none any more. #}
{% macro hand_over_emptied(channels) -%}
    {%- set emptied = [] -%}
    {%- for row in run_query(
        'select parse_dirpath(file) from glob('
        ~ text_literal(hand_over_folder() ~ '/*/current.json') ~ ') order by file'
    ).rows -%}
        {%- set channel = row[0].rstrip('/').split('/')[-1] -%}
        {%- if channel not in channels -%}{%- do emptied.append(channel) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(emptied) }}
{%- endmacro %}

{# Writes a channel's version, unless it is there, and returns its name. #}
{% macro hand_over_channel(channel) -%}
    {%- set folder = hand_over_folder() ~ '/' ~ channel -%}
    {%- set rows = 'select ' ~ hand_over_columns() | join(', ')
        ~ ' from handed_over where left_out is null and channel = '
        ~ text_literal(channel) ~ ' order by campaign_id, user_id' -%}
    {%- set version = run_query(hand_over_version(channel, rows)).rows[0][0] -%}
    {%- set file = folder ~ '/' ~ version ~ '/contacts.csv' -%}
    {%- set manifest = folder ~ '/' ~ version ~ '/manifest.json' -%}
    {%- if not hand_over_exists(manifest) -%}
        {%- do make_folder(folder ~ '/' ~ version) -%}
        {%- do run_query(
            'copy (' ~ rows ~ ') to ' ~ text_literal(file)
            ~ ' (format csv, header true, use_tmp_file true)'
        ) -%}
        {%- do hand_over_write(hand_over_manifest(channel, version, file), manifest) -%}
    {%- endif -%}
    {%- do hand_over_write(
        'select rtrim(content, chr(10)) from read_text(' ~ text_literal(manifest) ~ ')',
        folder ~ '/current.json'
    ) -%}
    {{ return(version) }}
{%- endmacro %}

{# The first 12 digits of the SHA-256 of all that a version says. #}
{% macro hand_over_version(channel, rows) -%}
    select left(sha256(concat_ws(
        chr(10),
        {{ text_literal(hand_over_columns() | join(',')) }},
        (
            select string_agg(cast(to_json(contacts) as varchar), chr(10)
                order by campaign_id, user_id)
            from ({{ rows }}) as contacts
        ),
        (
            select string_agg(concat_ws(',', campaign_id, left_out, decided_on), chr(10)
                order by decision_id)
            from handed_over
            where channel = {{ text_literal(channel) }}
        )
    )), 12)
{%- endmacro %}

{# What a version is: campaigns, rows, check sum, and who was left out since decided. #}
{% macro hand_over_manifest(channel, version, file) -%}
    with

    contacts as (
        select * from handed_over
        where channel = {{ text_literal(channel) }}
    ),

    campaigns as (
        select
            campaign_id,
            json_object(
                'campaign_id', campaign_id,
                'decided_on', min(decided_on),
                'rows', sum(cast(left_out is null as int)),
                'left_out', json_object(
                    {% for kind in ['without consent', 'suppressed', 'erased'] -%}
                        '{{ kind }}', count(*) filter (left_out = '{{ kind }}')
                        {{- ',' if not loop.last }}
                    {% endfor %}
                )
            ) as campaign
        from contacts
        group by campaign_id
    )

    select cast(json_object(
        'source', {{ text_literal(active_source()) }},
        'channel', {{ text_literal(channel) }},
        'version', {{ text_literal(version) }},
        'file', 'contacts.csv',
        'sha256', (select sha256(content) from read_blob({{ text_literal(file) }})),
        'rows', (select count(*) from contacts where left_out is null),
        'left_out', (select count(left_out) from contacts),
        'columns', [{{ "'" ~ hand_over_columns() | join("', '") ~ "'" }}],
        'campaigns', coalesce(
            (select to_json(list(campaign order by campaign_id)) from campaigns), '[]'
        )
    ) as varchar) as manifest
{%- endmacro %}

{# Writes a text as it stands: a column without quotes, delimiters or a header. #}
{% macro hand_over_write(query, file) -%}
    {%- do run_query(
        'copy (' ~ query ~ ') to ' ~ text_literal(file)
        ~ " (format csv, header false, quote '', escape '', delimiter '\x1f',"
        ~ ' use_tmp_file true)'
    ) -%}
{%- endmacro %}

{% macro hand_over_exists(file) -%}
    {{ return(run_query(
        'select count(*) from glob(' ~ text_literal(file) ~ ')'
    ).rows[0][0] > 0) }}
{%- endmacro %}
