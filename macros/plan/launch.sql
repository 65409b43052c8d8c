{#
    What this command does with launches. The environment says, as another var would parse
    the project anew: LAUNCH_STEP is check, launch or undo (operations/launch); a build has none,
    and launches where var launch is with_build.
#}
{% macro launch_step() -%}
    {%- set step = env_var('LAUNCH_STEP', '') if execute else '' -%}
    {%- set named = env_var('LAUNCH_CAMPAIGNS', '').split('\n') if step else [] -%}
    {%- set literals = [] -%}
    {%- for name in named -%}
        {%- do literals.append("'" ~ name.strip() | replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {{ return({
        'is_launch': 'true' if step == 'launch' or not step and var('launch') == 'with_build'
            else 'false',
        'empty_campaigns': literals | join(', ') if step == 'launch' else "''",
        'undone_campaign': literals[0] if step == 'undo' else "''",
    }) }}
{%- endmacro %}
