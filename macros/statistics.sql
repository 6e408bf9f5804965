{# Statistics in plain SQL; each macro's source stands in macros/macros.yml. #}

{%- macro wilson_low(successes, trials) -%}
    CASE
        WHEN {{ successes }} = 0 AND {{ trials }} > 0 THEN 0.0
        ELSE {{ wilson_bound(successes, trials, '-') }}
    END
{%- endmacro -%}

{%- macro wilson_high(successes, trials) -%}
    CASE
        WHEN {{ successes }} = {{ trials }} AND {{ trials }} > 0 THEN 1.0
        ELSE {{ wilson_bound(successes, trials, '+') }}
    END
{%- endmacro -%}

{%- macro wilson_bound(successes, trials, sign) -%}
    {%- set z = 'CAST(1.959963984540054 AS DOUBLE)' -%}
    {%- set n = 'CAST(NULLIF(' ~ trials ~ ', 0) AS DOUBLE)' -%}
    (
        {{ successes }} + {{ z }} * {{ z }} / 2
        {{ sign }} {{ z }} * SQRT({{ successes }} * ({{ n }} - {{ successes }}) / {{ n }} + {{ z }} * {{ z }} / 4)
    ) / ({{ n }} + {{ z }} * {{ z }})
{%- endmacro -%}

{%- macro two_proportion_z(successes, trials, rest_successes, rest_trials) -%}
    {%- set pooled -%}
        (CAST({{ successes }} + {{ rest_successes }} AS DOUBLE) / NULLIF({{ trials }} + {{ rest_trials }}, 0))
    {%- endset -%}
    (
        CAST({{ successes }} AS DOUBLE) / NULLIF({{ trials }}, 0)
        - CAST({{ rest_successes }} AS DOUBLE) / NULLIF({{ rest_trials }}, 0)
    ) / NULLIF(SQRT(
        {{ pooled }} * (1 - {{ pooled }})
        * (CAST(1 AS DOUBLE) / NULLIF({{ trials }}, 0) + CAST(1 AS DOUBLE) / NULLIF({{ rest_trials }}, 0))
    ), 0)
{%- endmacro -%}

{%- macro normal_two_sided_p(z) -%}
    {%- set x = 'ABS(' ~ z ~ ')' -%}
    {%- set numerator = [
        '0.0352624965998911', '0.700383064443688', '6.37396220353165', '33.912866078383', '112.079291497871',
        '221.213596169931', '220.206867912376',
    ] -%}
    {%- set denominator = [
        '0.0883883476483184', '1.75566716318264', '16.064177579207', '86.7807322029461', '296.564248779674',
        '637.333633378831', '793.826512519948', '440.413735824752',
    ] -%}
    2 * EXP(-{{ x }} * {{ x }} / 2) * CASE
        WHEN {{ x }} < 7.07106781186547
            THEN {{ horner(numerator, x) }} / {{ horner(denominator, x) }}
        ELSE 1 / ({{ x }} + 1 / ({{ x }} + 2 / ({{ x }} + 3 / ({{ x }} + 4 / ({{ x }} + 0.65))))) / 2.506628274631
    END
{%- endmacro -%}

{# A polynomial by Horner's scheme, highest coefficient first. #}
{%- macro horner(coefficients, x) -%}
    {%- set polynomial = namespace(sql="CAST(" ~ coefficients[0] ~ " AS DOUBLE)") -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set polynomial.sql = '(' ~ polynomial.sql ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    {{ polynomial.sql }}
{%- endmacro -%}

{# A sum that no order of its rows changes, unlike one of floats. #}
{%- macro exact_sum(expression, type='DECIMAL(18, 3)') -%}
    CAST(SUM(CAST({{ expression }} AS {{ type }})) AS DOUBLE)
{%- endmacro -%}

{# A percentile, interpolated between the two values next to it; the median is that of 0.5. #}
{%- macro percentile(expression, share) -%}
    {{ adapter.dispatch('percentile')(expression, share) }}
{%- endmacro -%}

{# One list for all shares of an expression: every MEDIAN or PERCENTILE_CONT keeps all its values once more. #}
{%- macro duckdb__percentile(expression, share) -%}
    {%- set shares = [0.25, 0.5, 0.75, 0.9] -%}
    QUANTILE_CONT({{ expression }}, {{ shares }})[{{ shares.index(share) + 1 }}]
{%- endmacro -%}

{%- macro snowflake__percentile(expression, share) -%}
    PERCENTILE_CONT({{ share }}) WITHIN GROUP (ORDER BY {{ expression }})
{%- endmacro -%}
