"""THE GATE: the one rule of which statement is visible, to whom, from when; and the two people who open it.

results_gate holds the rule for every audience; each public face may read only its own views on it. A
statement passes when an approval in effect covers it, no stop touches its session, preparation centre or
candidate, no newer approved version replaces it, and its audience's instant has come by the database's
clock. Nothing else in the portal decides this, and nothing repeats it.

The views belong to the tables' owner, who is no superuser (results_portal/roles.py sees to it), and are
security barriers: a function in a query never sees a row that the gate keeps back. The subquery with its
LIMIT is a barrier for operators too: without it, PostgreSQL would try `overall = 176` on the statements
first, and EXPLAIN ANALYZE would tell how many rows matched. Before the instant no statement is even read.

Release.approved_through is written by the triggers alone: an approval takes effect with a second person's,
for the same statements, at the same instants. A change of statements, times or audience voids it. What an
approval would show at once needs open_now by both. What is visible already stays when a correction comes:
that waits for two people of its own. The functions run with the rights of the tables' owner, on a fixed
search path; the staff's role can neither write approved_through nor change an approval.
"""

from django.db import migrations

PEOPLE_NEEDED = 2

APPROVALS = f"""
CREATE FUNCTION results_instant(release results_release) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT least(release.opens_at, release.centres_open_at)
$$;

-- everything: also what is in effect and visible; otherwise what is visible stays.
CREATE FUNCTION results_void_approvals(of_release bigint, because text, everything boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    rel results_release;
    voided integer;
BEGIN
    SELECT * INTO STRICT rel FROM results_release WHERE id = of_release FOR UPDATE;
    everything := everything OR results_instant(rel) > clock_timestamp();
    UPDATE results_approval SET voided_at = clock_timestamp(), voided_because = because
    WHERE release_id = of_release AND voided_at IS NULL AND (everything OR took_effect_at IS NULL);
    GET DIAGNOSTICS voided = ROW_COUNT;
    IF everything THEN
        UPDATE results_release SET approved_through = NULL
        WHERE id = of_release AND approved_through IS NOT NULL;
    END IF;
    RETURN voided;
END
$$;

CREATE FUNCTION results_withdraw_approvals(of_release bigint) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT results_void_approvals(of_release, 'withdrawn', false)
$$;

CREATE FUNCTION results_check_approval() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    rel results_release;
BEGIN
    SELECT * INTO STRICT rel FROM results_release WHERE id = NEW.release_id FOR UPDATE;
    IF NEW.through IS DISTINCT FROM (
        SELECT max(s.id) FROM results_statement s
        JOIN results_entry e ON e.id = s.entry_id WHERE e.session_id = rel.session_id
    ) THEN
        RAISE EXCEPTION 'an approval covers exactly the statements that the session has'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_covers_what_is_there';
    END IF;
    IF NEW.open_now IS DISTINCT FROM (results_instant(rel) <= now()) THEN
        RAISE EXCEPTION 'open_now is for an instant that has passed, and needed then'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_open_now_when_passed';
    END IF;
    IF NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = NEW.person_id AND u.is_staff AND u.is_active) THEN
        RAISE EXCEPTION 'an approval is given by a member of staff'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_staff';
    END IF;
    UPDATE results_approval SET voided_at = clock_timestamp(), voided_because = 'late'
    WHERE release_id = NEW.release_id AND took_effect_at IS NULL AND voided_at IS NULL
      AND open_now IS DISTINCT FROM NEW.open_now;
    NEW.opens_at := rel.opens_at;
    NEW.centres_open_at := rel.centres_open_at;
    NEW.made_at := clock_timestamp();
    NEW.took_effect_at := NULL;
    NEW.voided_at := NULL;
    NEW.voided_because := '';
    RETURN NEW;
END
$$;

CREATE FUNCTION results_count_approvals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    together timestamptz := clock_timestamp();
BEGIN
    IF {PEOPLE_NEEDED} <= (
        SELECT count(DISTINCT person_id) FROM results_approval
        WHERE release_id = NEW.release_id AND took_effect_at IS NULL AND voided_at IS NULL
          AND through = NEW.through
    ) THEN
        UPDATE results_approval SET took_effect_at = together
        WHERE release_id = NEW.release_id AND took_effect_at IS NULL AND voided_at IS NULL;
        UPDATE results_release SET approved_through = NEW.through WHERE id = NEW.release_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION results_release_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.approved_through := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER release_begins BEFORE INSERT ON results_release
    FOR EACH ROW EXECUTE FUNCTION results_release_begins();
CREATE TRIGGER check_approval BEFORE INSERT ON results_approval
    FOR EACH ROW EXECUTE FUNCTION results_check_approval();
CREATE TRIGGER count_approvals AFTER INSERT ON results_approval
    FOR EACH ROW EXECUTE FUNCTION results_count_approvals();

CREATE FUNCTION results_statements_void() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- An approval that runs now has ended before it is looked at below, or waits for these statements.
    PERFORM FROM results_release r
    WHERE r.session_id IN (SELECT e.session_id FROM added s JOIN results_entry e ON e.id = s.entry_id)
    ORDER BY r.id FOR UPDATE;
    -- What an approval covers has a lower number than whatever comes after it, or nobody would be asked.
    IF EXISTS (
        SELECT FROM (
            SELECT e.session_id, min(s.id) AS lowest
            FROM added s LEFT JOIN results_entry e ON e.id = s.entry_id GROUP BY e.session_id
        ) AS come LEFT JOIN results_release r ON r.session_id = come.session_id
        WHERE come.session_id IS NULL OR come.lowest <= (
            SELECT max(a.through) FROM results_approval a
            WHERE a.release_id = r.id AND a.took_effect_at IS NOT NULL
        )
    ) THEN
        RAISE EXCEPTION 'a statement has an entry, and comes after the approvals that are there'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_after_approvals';
    END IF;
    PERFORM results_void_approvals(changed.id, 'statements', false) FROM (
        SELECT DISTINCT r.id FROM added s
        JOIN results_entry e ON e.id = s.entry_id
        JOIN results_release r ON r.session_id = e.session_id
        WHERE s.id > coalesce(r.approved_through, 0)
    ) AS changed;
    RETURN NULL;
END
$$;
CREATE TRIGGER statements_void AFTER INSERT ON results_statement REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION results_statements_void();

CREATE FUNCTION results_audience_voids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM results_void_approvals(changed.id, 'audience', false) FROM (
        SELECT DISTINCT r.id FROM before b
        JOIN after a ON a.id = b.id
        JOIN results_release r ON r.session_id IN (b.session_id, a.session_id)
        WHERE (b.preparation_centre_id, b.session_id) IS DISTINCT FROM (a.preparation_centre_id, a.session_id)
          AND EXISTS (SELECT FROM results_statement s WHERE s.entry_id = a.id)
    ) AS changed;
    RETURN NULL;
END
$$;
CREATE TRIGGER audience_voids AFTER UPDATE ON results_entry
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION results_audience_voids();

-- In another session an approval of other statements might cover them.
CREATE FUNCTION results_statements_keep_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM results_statement s WHERE s.entry_id = OLD.id) THEN
        RAISE EXCEPTION 'an entry with a statement stays in its session'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_with_statement_stays';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER statements_keep_session BEFORE UPDATE ON results_entry
    FOR EACH ROW WHEN ((OLD.id, OLD.session_id) IS DISTINCT FROM (NEW.id, NEW.session_id))
    EXECUTE FUNCTION results_statements_keep_session();
CREATE TRIGGER statements_keep_entry BEFORE DELETE ON results_entry
    FOR EACH ROW EXECUTE FUNCTION results_statements_keep_session();

CREATE FUNCTION results_time_voids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM results_void_approvals(NEW.id, 'time', true);
    RETURN NULL;
END
$$;
CREATE TRIGGER time_voids AFTER UPDATE ON results_release
    FOR EACH ROW WHEN ((OLD.opens_at, OLD.centres_open_at) IS DISTINCT FROM (NEW.opens_at, NEW.centres_open_at))
    EXECUTE FUNCTION results_time_voids();

-- A stop is lifted, once; else it stays as it is, and for good.
CREATE FUNCTION results_stop_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.lifted_at IS NOT NULL
       OR to_jsonb(NEW) - 'lifted_at' - 'lifted_by_id' <> to_jsonb(OLD) - 'lifted_at' - 'lifted_by_id' THEN
        RAISE EXCEPTION 'a stop is lifted, not changed or deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stop_stays';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stop_stays BEFORE UPDATE OR DELETE ON results_stop
    FOR EACH ROW EXECUTE FUNCTION results_stop_stays();

CREATE FUNCTION results_approval_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an approval stays on record'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_stays';
END
$$;
CREATE TRIGGER approval_stays BEFORE DELETE ON results_approval
    FOR EACH ROW EXECUTE FUNCTION results_approval_stays();

REVOKE EXECUTE ON FUNCTION results_instant, results_void_approvals, results_withdraw_approvals,
    results_check_approval, results_count_approvals, results_statements_void, results_audience_voids,
    results_time_voids, results_statements_keep_session FROM PUBLIC;
"""

OUTCOME = (
    "status, overall, result, cefr, reading, use_of_english, writing, listening, speaking, reading_and_writing"
)


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in OUTCOME.split(", "))


GATE = f"""
CREATE VIEW results_gate WITH (security_barrier) AS
SELECT a.audience, a.opens_at, r.id AS release_id, e.session_id, e.id AS entry_id, e.user_id,
       e.preparation_centre_id,
       s.id AS statement_id, s.version, s.created_at AS issued_at, s.reason, s.status, s.overall, s.result,
       s.cefr, s.reading, s.use_of_english, s.writing, s.listening, s.speaking, s.reading_and_writing
FROM results_entry e
JOIN results_release r ON r.session_id = e.session_id
CROSS JOIN LATERAL (
    VALUES ('candidates', r.opens_at), ('centres', coalesce(r.centres_open_at, r.opens_at))
) AS a (audience, opens_at)
CROSS JOIN LATERAL (
    SELECT * FROM results_statement version
    WHERE version.entry_id = e.id
      AND version.id <= r.approved_through
      AND a.opens_at <= now()
      AND NOT EXISTS (
          SELECT FROM results_stop stop
          WHERE stop.session_id = e.session_id AND stop.lifted_at IS NULL
            AND (stop.preparation_centre_id IS NULL OR stop.preparation_centre_id = e.preparation_centre_id)
            AND (stop.entry_id IS NULL OR stop.entry_id = e.id)
      )
    ORDER BY version.version DESC
    LIMIT 1
) AS s;

CREATE VIEW results_gate_candidates WITH (security_barrier) AS
SELECT user_id, entry_id, statement_id, version, issued_at, reason, {OUTCOME}
FROM results_gate WHERE audience = 'candidates' AND user_id IS NOT NULL;

CREATE VIEW results_gate_centres WITH (security_barrier) AS
SELECT preparation_centre_id, entry_id, statement_id, version, issued_at, reason, {OUTCOME}
FROM results_gate WHERE audience = 'centres' AND preparation_centre_id IS NOT NULL;

-- Each version that was the newest of its entry under an approval in effect, at or after an audience's
-- instant. was_shown: for some time that no stop covered; shown_from: since when.
CREATE VIEW results_shown WITH (security_barrier) AS
SELECT audience.name AS audience, e.id AS entry_id, s.id AS statement_id, s.version,
       s.created_at AS issued_at, coalesce(min(lower(shown.times)), min(t.starts)) AS shown_from,
       bool_or(NOT isempty(shown.times)) AS was_shown, s.reason, {OUTCOME}
FROM results_entry e
JOIN results_release r ON r.session_id = e.session_id
JOIN results_approval a ON a.release_id = r.id AND a.took_effect_at IS NOT NULL
CROSS JOIN LATERAL (
    VALUES ('candidates', a.opens_at), ('centres', coalesce(a.centres_open_at, a.opens_at))
) AS audience (name, instant)
CROSS JOIN LATERAL (
    SELECT * FROM results_statement version
    WHERE version.entry_id = e.id AND version.id <= a.through
    ORDER BY version.version DESC
    LIMIT 1
) AS s
CROSS JOIN LATERAL (
    SELECT greatest(a.took_effect_at, audience.instant) AS starts, least(
        coalesce(a.voided_at, 'infinity'), coalesce(min(later.took_effect_at), 'infinity')
    ) AS ends
    FROM results_approval later
    WHERE later.release_id = a.release_id AND later.took_effect_at > a.took_effect_at
) AS t
CROSS JOIN LATERAL (
    SELECT tstzmultirange(tstzrange(t.starts, greatest(t.starts, t.ends)))
           - coalesce(range_agg(tstzrange(stop.started_at, stop.lifted_at)), '{{}}')
    FROM results_stop stop
    WHERE stop.session_id = e.session_id AND (stop.lifted_at IS NULL OR stop.lifted_at > stop.started_at)
      AND (stop.preparation_centre_id IS NULL OR stop.preparation_centre_id = e.preparation_centre_id)
      AND (stop.entry_id IS NULL OR stop.entry_id = e.id)
) AS shown (times)
WHERE audience.instant <= coalesce(a.voided_at, now())
GROUP BY audience.name, e.id, s.id, s.version, s.created_at, s.reason, {_columns("s")};

-- Of an open statement, the versions that its audience has seen, the present one among them.
CREATE VIEW results_gate_versions WITH (security_barrier) AS
SELECT g.audience, g.user_id, g.preparation_centre_id, g.entry_id, seen.*
FROM results_gate g
CROSS JOIN LATERAL (
    SELECT shown.statement_id, shown.version, shown.issued_at, shown.shown_from, shown.reason,
           {_columns("shown")}
    FROM results_shown shown
    WHERE shown.audience = g.audience AND shown.entry_id = g.entry_id
      AND (shown.was_shown OR shown.statement_id = g.statement_id)
) AS seen;

CREATE VIEW results_gate_versions_candidates WITH (security_barrier) AS
SELECT user_id, entry_id, statement_id, version, issued_at, shown_from, reason, {OUTCOME}
FROM results_gate_versions WHERE audience = 'candidates' AND user_id IS NOT NULL;

CREATE VIEW results_gate_versions_centres WITH (security_barrier) AS
SELECT preparation_centre_id, entry_id, statement_id, version, issued_at, shown_from, reason, {OUTCOME}
FROM results_gate_versions WHERE audience = 'centres' AND preparation_centre_id IS NOT NULL;

-- Which statement shows now, to whom, without a mark: for mails.
CREATE VIEW results_visible WITH (security_barrier) AS
SELECT g.audience, g.session_id, g.entry_id, g.user_id, g.preparation_centre_id, g.statement_id, g.version,
       g.version > 1 AND coalesce((
           SELECT ({_columns("before")}) IS DISTINCT FROM ({_columns("g")})
           FROM results_gate_versions before
           WHERE before.audience = g.audience AND before.entry_id = g.entry_id AND before.version < g.version
           ORDER BY before.version DESC
           LIMIT 1
       ), false) AS corrects
FROM results_gate g
WHERE CASE g.audience WHEN 'candidates' THEN g.user_id ELSE g.preparation_centre_id END IS NOT NULL;

-- The notice of the widest stop that touches an entry.
CREATE VIEW results_stops WITH (security_barrier) AS
SELECT e.id AS entry_id, e.user_id, e.preparation_centre_id, s.*
FROM results_entry e
CROSS JOIN LATERAL (
    SELECT CASE WHEN stop.entry_id IS NOT NULL THEN 'candidate'
                WHEN stop.preparation_centre_id IS NOT NULL THEN 'centre' ELSE 'session' END AS scope,
           stop.notice_it, stop.notice_en, stop.started_at
    FROM results_stop stop
    WHERE stop.session_id = e.session_id AND stop.lifted_at IS NULL
      AND (stop.preparation_centre_id IS NULL OR stop.preparation_centre_id = e.preparation_centre_id)
      AND (stop.entry_id IS NULL OR stop.entry_id = e.id)
    ORDER BY stop.entry_id NULLS FIRST, stop.preparation_centre_id NULLS FIRST
    LIMIT 1
) AS s;

CREATE VIEW results_stops_candidates WITH (security_barrier) AS
SELECT user_id, entry_id, scope, notice_it, notice_en, started_at FROM results_stops WHERE user_id IS NOT NULL;

CREATE VIEW results_stops_centres WITH (security_barrier) AS
SELECT preparation_centre_id, entry_id, scope, notice_it, notice_en, started_at
FROM results_stops WHERE preparation_centre_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0006_releasing")]

    operations = [migrations.RunSQL(APPROVALS), migrations.RunSQL(GATE)]
