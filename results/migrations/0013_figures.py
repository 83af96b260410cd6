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



def _each(pattern: str, names: tuple[str, ...] = ("overall", *SKILLS)) -> str:
    return ", ".join(pattern.format(name) for name in names)


FIGURES = f"""
CREATE FUNCTION results_figures_of_all(sessions bigint[], own bigint[])
RETURNS TABLE (session_id bigint, measure text, value text, people integer, mean numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH open AS MATERIALIZED (
        SELECT g.session_id, coalesce(g.preparation_centre_id = ANY (own), false) AS is_own,
               g.overall IS NULL AS in_shields, nullif(g.result, '') AS result, {_each("g.{0}")}
        FROM results_gate g
        WHERE g.audience = 'centres' AND g.session_id = ANY (sessions) AND g.status = 'result'
    ), sums AS (
        SELECT o.session_id, o.in_shields,
               count(o.result) AS all_result, count(o.result) FILTER (WHERE NOT o.is_own) AS others_result,
               {_each("count(o.{0}) AS all_{0}, count(o.{0}) FILTER (WHERE NOT o.is_own) AS others_{0}")},
               {_each("avg(o.{0}) AS mean_{0}")}
        FROM open o GROUP BY o.session_id, o.in_shields
    ), measures AS (
        SELECT s.session_id, s.in_shields, m.measure, m.people,
               round(m.mean, CASE WHEN s.in_shields THEN 1 ELSE 0 END) AS mean
        FROM sums s CROSS JOIN LATERAL (
            VALUES ('result', s.all_result, s.others_result, NULL),
                   {_each("('{0}', s.all_{0}, s.others_{0}, s.mean_{0})")}
        ) AS m (measure, people, others, mean)
        WHERE m.others >= {PEOPLE}
    ), spread AS (
        SELECT o.session_id, o.in_shields, 'result' AS measure, o.result AS value, count(*) AS people
        FROM open o WHERE o.result IS NOT NULL GROUP BY o.session_id, o.in_shields, o.result
        UNION ALL
        SELECT o.session_id, o.in_shields, m.measure, m.shields::text, count(*)
        FROM open o CROSS JOIN LATERAL (VALUES {_each("('{0}', o.{0})", SKILLS)}) AS m (measure, shields)
        WHERE o.in_shields AND m.shields IS NOT NULL
        GROUP BY o.session_id, o.in_shields, m.measure, m.shields
    )
    SELECT m.session_id, m.measure, '', ({ROUNDED_TO} * round(m.people / {ROUNDED_TO}.0))::integer, m.mean
    FROM measures m
    UNION ALL
    SELECT m.session_id, m.measure, s.value, ({ROUNDED_TO} * round(s.people / {ROUNDED_TO}.0))::integer, NULL
    FROM measures m JOIN spread s USING (session_id, in_shields, measure)
$$;
REVOKE EXECUTE ON FUNCTION results_figures_of_all FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0012_centre_lists")]

    operations = [migrations.RunSQL(FIGURES, "DROP FUNCTION results_figures_of_all")]
