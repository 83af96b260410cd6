"""What the audit trail needs in the database, made after every migrate from the list of tracked models.

A model that is tracked (pghistory.track) is in the trail without further work: its events are stamped with
the session's login, written with the rights of the tables' owner, indexed, and in the view audit_trail.
"""

from collections.abc import Iterator

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import connections, models, transaction

VIEW = "audit_trail"
NOTES = "results_portal_auditnote"
_PGH = "ARRAY['pgh_id', 'pgh_created_at', 'pgh_label', 'pgh_obj_id', 'pgh_context', 'pgh_context_id']"

# Any login may name triggers in pgtrigger.ignore, and would then change rows without a trace and past the
# guards that are triggers: nobody is heard.
_NONE_IGNORED = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT FALSE'
"""
# `+ 0`: an object has few events, so they are found by the object, not by going back through all.
_EVENTS = f"""
SELECT '{{table}}:' || e.pgh_id AS key, e.pgh_created_at AS at, e.pgh_id AS id, '{{table}}'::text AS source,
       e.pgh_label AS kind, '{{model}}'::text AS model, {{object}} AS object_id, {{entry}} AS entry_id,
       {{account}} AS account_id, e.pgh_context ->> 'user' AS user_id, e.pgh_context ->> 'address' AS address,
       e.pgh_context AS context, to_jsonb(e) - {_PGH} AS data,
       (SELECT to_jsonb(o) - {_PGH} FROM "{{table}}" o WHERE o.pgh_obj_id = e.pgh_obj_id
        AND o.pgh_id < e.pgh_id ORDER BY o.pgh_id + 0 DESC LIMIT 1) AS old
FROM "{{table}}" e
"""  # noqa: S608 (names of our own)
_NOTES = f"""
SELECT '{NOTES}:' || id, at, id, '{NOTES}', kind::text, model::text, object_id, entry_id, account_id,
       context ->> 'user', context ->> 'address', context,
       jsonb_build_object('object', object_words, 'words', words), NULL::jsonb
FROM {NOTES}
"""  # noqa: S608
# Columns of events that say whom an act is about (results_portal/admin.py).
_NAMING = ("id_number", "username", "email")


def event_models() -> list[type[models.Model]]:
    """The event models of all tracked models, by the names of their tables."""
    from pghistory.core import event_models as all_event_models

    return sorted(all_event_models(), key=lambda model: model._meta.db_table)


def searched() -> list[tuple[type[models.Model], list[str]]]:
    """The events of entries and of accounts, each with its columns that name a person."""
    found = []
    for label in ("results.Entry", settings.AUTH_USER_MODEL):
        events = apps.get_model(label).pgh_event_model
        columns = {field.column for field in events._meta.concrete_fields}
        found.append((events, [column for column in _NAMING if column in columns]))
    return found


def build(using: str = "default") -> None:
    """Make the functions of the events' triggers safe, and the stamps, indexes and the view anew."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(_NONE_IGNORED)
        for function in _event_functions():
            cursor.execute(
                f'ALTER FUNCTION "{function}"() SECURITY DEFINER SET search_path = public, pg_temp'
            )
            # Who may execute it may hang it on a table of his own, and so write events of his own.
            cursor.execute(f'REVOKE ALL ON FUNCTION "{function}"() FROM PUBLIC')
        for model in event_models():
            table = model._meta.db_table
            cursor.execute(
                f'CREATE OR REPLACE TRIGGER portal_stamp BEFORE INSERT ON "{table}"'
                " FOR EACH ROW EXECUTE FUNCTION portal_stamp_event()"
            )
            _index(cursor, table, "pgh_created_at", "pgh_id", "pgh_context")
        for model, columns in searched():
            table = model._meta.db_table
            for column in columns:
                cursor.execute(
                    f'CREATE INDEX IF NOT EXISTS "{table}_{column}" ON "{table}" (upper({column}::text))'
                )
        _index(cursor, NOTES, "at", "id", "context")
        for column in ("entry_id", "account_id"):
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {NOTES}_{column} ON {NOTES} ({column})")
        cursor.execute(f"DROP VIEW IF EXISTS {VIEW}")
        arms = [_EVENTS.format(**_columns(model)) for model in event_models()]
        cursor.execute(f"CREATE VIEW {VIEW} AS {'UNION ALL'.join([*arms, _NOTES])}")


def make_way(sender, using: str, plan=(), **_kwargs) -> None:
    """Receiver of pre_migrate: a column that the view shows could not change its type."""
    if plan:
        with connections[using].cursor() as cursor:
            cursor.execute(f"DROP VIEW IF EXISTS {VIEW}")


def _event_functions() -> Iterator[str]:
    """Names of the functions with which pghistory's triggers write events."""
    from pghistory.trigger import Event

    for model, trigger in pgtrigger.registered():
        if isinstance(trigger, Event):
            yield trigger.get_pgid(model)


def _index(cursor, table: str, at: str, number: str, context: str) -> None:
    """By time, and by who or from where and then time: a page of the trail reads its rows and no others."""
    order = f"{at}, {number}"
    for name, of in (("user", f"({context} ->> 'user')"), ("address", f"({context} ->> 'address')")):
        cursor.execute(
            f'CREATE INDEX IF NOT EXISTS "{table}_audit_{name}" ON "{table}" ({of}, {order})'
            f" WHERE {of} IS NOT NULL"
        )
    cursor.execute(f'CREATE INDEX IF NOT EXISTS "{table}_audit_at" ON "{table}" ({order})')


def _label(event_model: type[models.Model]) -> str:
    return event_model.pgh_tracked_model._meta.label_lower


def _columns(event_model: type[models.Model]) -> dict[str, str]:
    """What differs in the view between the tables of events; 0 is nobody's key, and skips the table."""
    label = _label(event_model)
    key = event_model.pgh_tracked_model._meta.pk
    columns = {field.column for field in event_model._meta.concrete_fields}
    about = {}
    for name, model in (("entry", "results.entry"), ("account", settings.AUTH_USER_MODEL.lower())):
        column = {"entry": "entry_id", "account": "user_id"}[name]
        about[name] = (
            "e.pgh_obj_id" if label == model else f"e.{column}" if column in columns else "0::bigint"
        )
    return {
        "table": event_model._meta.db_table,
        "model": label,
        "object": "e.pgh_obj_id" if isinstance(key, models.IntegerField) else "NULL::bigint",
        **about,
    }
