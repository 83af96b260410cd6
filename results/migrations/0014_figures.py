"""What preparation centres may know of all candidates of a session: how many, and means, rounded.

results_figures_of_all reads the gate as the centres' audience and gives no row of a person. The limits are
in here, since the face could forget them: a figure needs PEOPLE others behind it, others than those of the
asking centres (`own`), who could take their own from the whole and see what is left. What it returns does
not depend on `own`, only whether it returns it: two questions with other centres cannot be subtracted.

Two looks can be: before and after a correction, a stop or a late result. So numbers are rounded to the
nearest ROUNDED_TO people and means to whole points (shields: tenths); the exact sums never leave the
database. Only whole sessions are asked for: no place, school, age or level narrows them.
"""

from django.db import migrations

PEOPLE = 10
ROUNDED_TO = 5
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking", "reading_and_writing")

FIGURES = f"""
CREATE FUNCTION results_figures_of_all(sessions bigint[], own bigint[])
RETURNS TABLE (session_id bigint, measure text, value text, people integer, mean numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH open AS MATERIALIZED (
        SELECT g.*, coalesce(g.preparation_centre_id = ANY (own), false) AS is_own
        FROM results_gate g
        WHERE g.audience = 'centres' AND g.session_id = ANY (sessions) AND g.status = 'result'
    ), said AS (
        SELECT open.session_id, open.is_own, open.overall IS NULL AS in_shields, of.*
        FROM open CROSS JOIN LATERAL (
            VALUES ('result', open.result, NULL), ('overall', '', open.overall),
                   {", ".join(f"('{skill}', coalesce(open.{skill}::text, ''), open.{skill})" for skill in SKILLS)}
        ) AS of (measure, value, points)
        WHERE of.points IS NOT NULL OR of.measure = 'result' AND of.value <> ''
    ), measures AS (
        SELECT said.session_id, said.measure, said.in_shields, count(*) AS people,
               round(avg(said.points), CASE WHEN said.in_shields THEN 1 ELSE 0 END) AS mean
        FROM said
        GROUP BY said.session_id, said.measure, said.in_shields
        HAVING count(*) FILTER (WHERE NOT said.is_own) >= {PEOPLE}
    )
    SELECT m.session_id, m.measure, '', ({ROUNDED_TO} * round(m.people / {ROUNDED_TO}.0))::integer, m.mean
    FROM measures m
    UNION ALL
    SELECT m.session_id, m.measure, said.value,
           ({ROUNDED_TO} * round(count(*) / {ROUNDED_TO}.0))::integer, NULL
    FROM measures m JOIN said USING (session_id, measure, in_shields)
    WHERE m.measure = 'result' OR m.in_shields
    GROUP BY m.session_id, m.measure, said.value
$$;
REVOKE EXECUTE ON FUNCTION results_figures_of_all FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0011_help_desk")]

    operations = [migrations.RunSQL(FIGURES, "DROP FUNCTION results_figures_of_all")]
