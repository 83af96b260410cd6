"""Several exams of one person in one account.

results_add_entry is how somebody who is signed in adds another exam: the database compares the Secret
Number's digest, as results_claim_entry does, and sees to it that all entries of an account are one person's.
A parent with the slips of two children must not put them into one account: one would read the other's
results for good. So the date of birth must be the same, and the names the same but for accents, case,
apostrophes, spaces and names that one entry has and the other lacks. Twins are told apart by their given
names. Whom this refuses registers with the slip as with a first one.

results_claim_entry gives an account its first entry, and no other.

Entry.registered_at says since when an entry has its account: for an exam that was added later, no longer
since when the account exists. The functions run with the rights of the tables' owner, on a fixed search path.
"""

from django.db import migrations, models

APOSTROPHES = "''’‘ʼ`´′"  # the first is the database's way to write one
HYPHENS = "-‐‑–"

# Words in any order, since forms mix up given names and family name; or the letters in a row: “De Luca” and
# “Deluca” are the same, and a script that the database's locale has no words of is compared as it is.
SAME_PERSON = f"""
CREATE FUNCTION results_words_of_name(entry results_entry) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT public.results_plain_words(
        translate(entry.given_names || ' ' || entry.family_name, '{APOSTROPHES}', '')
    )
$$;

CREATE FUNCTION results_letters_of_name(entry results_entry) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary, translate(
        entry.given_names || entry.family_name, '{APOSTROPHES}{HYPHENS}', ''
    ))), '\\s+', '', 'g')
$$;

CREATE FUNCTION results_same_person(one results_entry, other results_entry) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT one.date_of_birth = other.date_of_birth AND (
        public.results_letters_of_name(one) = public.results_letters_of_name(other)
        OR least(cardinality(a.words), cardinality(b.words)) > 1 AND (a.words <@ b.words OR b.words <@ a.words)
    )
    FROM public.results_words_of_name(one) AS a (words), public.results_words_of_name(other) AS b (words)
$$;
"""

# outcome: added, yours (this account has it), taken (another has), another_person, not_found (no entry has
# this ID Number with this Secret Number); entry: null for the last.
ADDING = """
CREATE FUNCTION results_add_entry(
    of_id_number text, digest text, account bigint, OUT outcome text, OUT entry bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    slip results_entry;
BEGIN
    SELECT * INTO slip FROM results_entry e
    WHERE e.id_number = of_id_number AND e.secret_digest = digest AND digest <> ''
    FOR NO KEY UPDATE;
    entry := slip.id;
    IF slip.id IS NULL THEN
        outcome := 'not_found';
    ELSIF slip.user_id = account THEN
        outcome := 'yours';
    ELSIF slip.user_id IS NOT NULL THEN
        outcome := 'taken';
    ELSE
        -- One at a time into an account: each is compared with those that are there.
        PERFORM FROM accounts_user u WHERE u.id = account FOR NO KEY UPDATE;
        outcome := 'another_person';
    END IF;
    IF outcome = 'another_person' AND (
        SELECT bool_and(results_same_person(own, slip)) FROM results_entry own
        JOIN accounts_user u ON u.id = own.user_id
        WHERE u.id = account AND u.face = 'candidates' AND u.is_active
    ) THEN
        UPDATE results_entry SET user_id = account WHERE id = slip.id;
        outcome := 'added';
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION results_add_entry FROM PUBLIC;
"""

_CLAIM = """
CREATE OR REPLACE FUNCTION results_claim_entry(entry bigint, digest text, account bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE results_entry SET user_id = account
    WHERE id = entry AND secret_digest = digest AND digest <> '' AND user_id IS NULL{and_first};
    RETURN FOUND;
END
$$;
"""
CLAIM_FIRST = _CLAIM.format(
    and_first="\n      AND NOT EXISTS (SELECT FROM results_entry own WHERE own.user_id = account)"
)

REGISTERED_AT = """
CREATE FUNCTION results_registered_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.registered_at := CASE WHEN NEW.user_id IS NOT NULL THEN now() END;
    RETURN NEW;
END
$$;
CREATE TRIGGER registered_at_first BEFORE INSERT ON results_entry
    FOR EACH ROW EXECUTE FUNCTION results_registered_at();
CREATE TRIGGER registered_at_changes BEFORE UPDATE ON results_entry
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION results_registered_at();

UPDATE results_entry e SET registered_at = u.created_at FROM accounts_user u WHERE u.id = e.user_id;
"""

BACK = f"""
DROP TRIGGER registered_at_first ON results_entry;
DROP TRIGGER registered_at_changes ON results_entry;
DROP FUNCTION results_registered_at;
{_CLAIM.format(and_first="")}
DROP FUNCTION results_add_entry;
DROP FUNCTION results_same_person;
DROP FUNCTION results_letters_of_name;
DROP FUNCTION results_words_of_name;
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0013_figures")]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="registered_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="registered"),
        ),
        migrations.RunSQL([SAME_PERSON, ADDING, CLAIM_FIRST, REGISTERED_AT], BACK),
    ]
