"""What the centres' face may change about who has access, by functions that ask for the right to it.

The face has no privilege to write memberships, invitations or new accounts: it hands in the digest of an
invitation's link, or the account that asks, and the database looks whether the one is open and the other a
manager of that centre. The functions run with the rights of the tables' owner, on a fixed search path.

Each first locks the centre's row, so that of two managers who remove each other at once the second is no
longer one when its turn comes. Answers in words: done; not_permitted; gone; last_manager; member; taken.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION centres_is_manager(account bigint, of_centre bigint) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM centres_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.user_id = account AND m.centre_id = of_centre AND m.role = 'manager'
        AND u.is_active AND u.face = 'centres'
    )
$$;

-- Whether another than this membership could still manage the centre.
CREATE FUNCTION centres_has_other_manager(of_membership bigint, of_centre bigint) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM centres_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.id <> of_membership AND m.centre_id = of_centre AND m.role = 'manager' AND u.is_active
    )
$$;

CREATE FUNCTION centres_lock(of_centre bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
    SELECT FROM centres_preparationcentre WHERE id = of_centre FOR NO KEY UPDATE
$$;

-- In place of an open invitation to the same address, whose link dies.
CREATE FUNCTION centres_invite(
    account bigint, to_centre bigint, address text, as_role text, in_language text, of_seed text, of_digest text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM centres_lock(to_centre);
    IF NOT centres_is_manager(account, to_centre) THEN RETURN 'not_permitted'; END IF;
    IF EXISTS (
        SELECT 1 FROM centres_membership m JOIN accounts_user u ON u.id = m.user_id
        WHERE m.centre_id = to_centre AND u.username = address
    ) THEN RETURN 'member'; END IF;
    IF EXISTS (SELECT 1 FROM accounts_user WHERE username = address AND (face <> 'centres' OR NOT is_active)) THEN
        RETURN 'taken';
    END IF;
    UPDATE centres_invitation SET withdrawn_at = statement_timestamp()
    WHERE centre_id = to_centre AND lower(email) = lower(address) AND accepted_at IS NULL AND withdrawn_at IS NULL;
    INSERT INTO centres_invitation (centre_id, email, role, language, invited_by_id, seed, digest)
    VALUES (to_centre, address, as_role, in_language, account, of_seed, of_digest);
    RETURN 'done';
END
$$;

CREATE FUNCTION centres_withdraw_invitation(account bigint, invitation bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE of_centre bigint;
BEGIN
    SELECT centre_id INTO of_centre FROM centres_invitation WHERE id = invitation;
    PERFORM centres_lock(of_centre);
    IF NOT centres_is_manager(account, of_centre) THEN RETURN 'not_permitted'; END IF;
    UPDATE centres_invitation SET withdrawn_at = statement_timestamp()
    WHERE id = invitation AND accepted_at IS NULL AND withdrawn_at IS NULL;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'gone' END;
END
$$;

-- The number of the invitation of a link, whatever has become of it.
CREATE FUNCTION centres_find_invitation(of_digest text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM centres_invitation WHERE digest = of_digest
$$;

-- Of two at once the second waits for the first, and then finds the invitation used.
CREATE FUNCTION centres_use_invitation(of_digest text) RETURNS centres_invitation
LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
    SELECT * FROM centres_invitation
    WHERE digest = of_digest AND accepted_at IS NULL AND withdrawn_at IS NULL
    AND expires_at > statement_timestamp()
    FOR UPDATE
$$;

CREATE FUNCTION centres_take_in(account bigint, invited centres_invitation) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE made bigint;
BEGIN
    INSERT INTO centres_membership (user_id, centre_id, role)
    VALUES (account, invited.centre_id, invited.role)
    ON CONFLICT (user_id, centre_id) DO NOTHING RETURNING id INTO made;
    UPDATE centres_invitation SET accepted_at = statement_timestamp() WHERE id = invited.id;
    RETURN made;
END
$$;

-- The account of whoever follows the link, who has shown by it that the address is theirs; NULL if the link
-- no longer works or the address has an account.
CREATE FUNCTION centres_register_invited(of_digest text, hashed_password text, in_language text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    invited centres_invitation;
    account bigint;
BEGIN
    invited := centres_use_invitation(of_digest);
    IF invited.id IS NULL THEN RETURN NULL; END IF;
    INSERT INTO accounts_user (username, face, email, email_confirmed_at, language, password, is_active, is_staff,
                               is_superuser)
    VALUES (invited.email, 'centres', invited.email, statement_timestamp(), in_language, hashed_password, true,
            false, false)
    ON CONFLICT DO NOTHING RETURNING id INTO account;
    IF account IS NOT NULL THEN PERFORM centres_take_in(account, invited); END IF;
    RETURN account;
END
$$;

-- For who has an account that signs in with the address of the invitation. TRUE if they are in.
CREATE FUNCTION centres_accept_invitation(of_digest text, account bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE invited centres_invitation;
BEGIN
    invited := centres_use_invitation(of_digest);
    IF invited.id IS NULL OR NOT EXISTS (
        SELECT 1 FROM accounts_user
        WHERE id = account AND username = invited.email AND face = 'centres' AND is_active
    ) THEN RETURN false; END IF;
    PERFORM centres_take_in(account, invited);
    RETURN true;
END
$$;

CREATE FUNCTION centres_change_role(account bigint, of_membership bigint, new_role text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of_centre bigint;
    present centres_membership;
BEGIN
    SELECT centre_id INTO of_centre FROM centres_membership WHERE id = of_membership;
    PERFORM centres_lock(of_centre);
    IF NOT centres_is_manager(account, of_centre) THEN RETURN 'not_permitted'; END IF;
    SELECT * INTO present FROM centres_membership WHERE id = of_membership;
    IF present.id IS NULL THEN RETURN 'gone'; END IF;
    IF new_role <> 'manager' AND present.role = 'manager'
       AND NOT centres_has_other_manager(of_membership, of_centre) THEN
        RETURN 'last_manager';
    END IF;
    UPDATE centres_membership SET role = new_role WHERE id = of_membership AND role <> new_role;
    RETURN 'done';
END
$$;

-- A manager removes others, everybody themselves. The person is signed out everywhere; whom a removed manager
-- has invited does not come in any more.
CREATE FUNCTION centres_remove_member(account bigint, of_membership bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of_centre bigint;
    present centres_membership;
BEGIN
    SELECT centre_id INTO of_centre FROM centres_membership WHERE id = of_membership;
    PERFORM centres_lock(of_centre);
    SELECT * INTO present FROM centres_membership WHERE id = of_membership;
    IF NOT (coalesce(present.user_id = account, false) OR centres_is_manager(account, of_centre)) THEN
        RETURN 'not_permitted';
    END IF;
    IF present.id IS NULL THEN RETURN 'gone'; END IF;
    IF present.role = 'manager' AND NOT centres_has_other_manager(of_membership, of_centre) THEN
        RETURN 'last_manager';
    END IF;
    DELETE FROM centres_membership WHERE id = of_membership;
    DELETE FROM accounts_session WHERE user_id = present.user_id;
    IF present.user_id <> account THEN
        UPDATE centres_invitation SET withdrawn_at = statement_timestamp()
        WHERE centre_id = of_centre AND invited_by_id = present.user_id
        AND accepted_at IS NULL AND withdrawn_at IS NULL;
    END IF;
    RETURN 'done';
END
$$;

-- The centre's own wish; what the exams office asks for stays.
CREATE FUNCTION centres_ask_second_factor(account bigint, of_centre bigint, wanted boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM centres_lock(of_centre);
    IF NOT centres_is_manager(account, of_centre) THEN RETURN 'not_permitted'; END IF;
    UPDATE centres_preparationcentre SET wants_second_factor = wanted WHERE id = of_centre;
    RETURN 'done';
END
$$;

REVOKE EXECUTE ON FUNCTION centres_invite, centres_withdraw_invitation, centres_find_invitation,
    centres_register_invited, centres_accept_invitation, centres_change_role, centres_remove_member,
    centres_ask_second_factor FROM PUBLIC;
"""
BACK = """
DROP FUNCTION centres_ask_second_factor, centres_remove_member, centres_change_role, centres_accept_invitation,
    centres_register_invited, centres_take_in, centres_use_invitation, centres_find_invitation,
    centres_withdraw_invitation, centres_invite, centres_lock, centres_has_other_manager, centres_is_manager;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_authenticator_app"),
        ("centres", "0002_joining"),
    ]

    operations = [migrations.RunSQL(FUNCTIONS, BACK)]
