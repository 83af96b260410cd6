"""Finding and claiming an entry, by functions that ask for the Secret Number's digest.

The candidates' face can neither read a digest nor write who an entry belongs to: it hands in what the slip
says, and the database compares. So an SQL injection there can claim no entry whose Secret Number it does not
know. The functions run with the rights of the tables' owner, on a fixed search path.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION results_find_entry(of_id_number text, digest text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM results_entry WHERE id_number = of_id_number AND secret_digest = digest
$$;

CREATE FUNCTION results_claim_entry(entry bigint, digest text, account bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE results_entry SET user_id = account
    WHERE id = entry AND secret_digest = digest AND user_id IS NULL;
    RETURN FOUND;
END
$$;

REVOKE EXECUTE ON FUNCTION results_find_entry, results_claim_entry FROM PUBLIC;
"""
BACK = "DROP FUNCTION results_claim_entry; DROP FUNCTION results_find_entry;"


class Migration(migrations.Migration):
    dependencies = [("results", "0003_candidate_numbers")]

    operations = [migrations.RunSQL(FUNCTIONS, BACK)]
