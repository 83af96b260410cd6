"""Stopping a session, a preparation centre, single candidates; and lifting that again."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from results import stopping
from results.models import CandidateStatement, Entry, Stop
from results.stopping import Notice
from tests import factories

NOTICE = Notice(it="Stiamo controllando.", en="We are checking.")


@pytest.fixture
def officer(db):
    return factories.officer()


def open_entry(session, **fields) -> Entry:
    entry = factories.entry(session, **fields)
    factories.candidate(entry)
    factories.statement(entry)
    return entry


def shown() -> set[int]:
    return set(CandidateStatement.objects.values_list("entry", flat=True))


def test_a_stop_hides_the_session_at_once_and_keeps_who_why_and_what_people_read(officer):
    session = factories.session()
    entry, elsewhere = open_entry(session), open_entry(factories.session())

    stop = stopping.stop_session(session, officer, "  Wrong   file ", NOTICE)

    assert shown() == {elsewhere.pk}
    stop.refresh_from_db()
    assert (stop.reason, stop.notice_it, stop.notice_en) == ("Wrong file", NOTICE.it, NOTICE.en)
    assert (stop.started_by, stop.lifted_at) == (officer, None)
    assert list(stopping.active(session)) == [stop]
    with pytest.raises(ValidationError, match="stopped already"):
        stopping.stop_session(session, officer, "Again")
    assert stopping.lift(Stop.objects.all(), officer) == [stop]
    assert shown() == {entry.pk, elsewhere.pk}
    assert stopping.lift(Stop.objects.all(), officer) == []
    stop.refresh_from_db()
    assert stop.lifted_by == officer
    event = Stop.pgh_event_model.objects.latest("pk")
    assert event.pgh_context["user"] == officer.pk


def test_a_stop_for_one_centre_leaves_the_others(officer):
    session = factories.session()
    centre = factories.centre()
    open_entry(session, preparation_centre=centre)
    other, alone = open_entry(session, preparation_centre=factories.centre()), open_entry(session)
    stopping.stop_centre(session, centre, officer, "Speaking examiner’s marks")
    assert shown() == {other.pk, alone.pk}


def test_who_leaves_a_stopped_centre_is_seen_again_and_who_joins_it_is_not(officer):
    session = factories.session()
    stopped, free = factories.centre(), factories.centre()
    leaving, joining = (open_entry(session, preparation_centre=centre) for centre in (stopped, free))
    stopping.stop_centre(session, stopped, officer, "Marks to be checked")
    leaving.preparation_centre, joining.preparation_centre = free, stopped
    for entry in (leaving, joining):
        entry.save(update_fields=["preparation_centre"])
    assert shown() == {leaving.pk}


def test_stopping_candidates_hides_these_alone_until_they_are_let_go(officer):
    session = factories.session()
    stopped, other = open_entry(session), open_entry(session)
    only = Entry.objects.filter(pk=stopped.pk)

    assert [stop.entry_id for stop in stopping.stop_candidates(only, officer, "Identity")] == [stopped.pk]
    assert shown() == {other.pk}
    more = stopping.stop_candidates(Entry.objects.all(), officer, "Another reason")
    assert [stop.entry_id for stop in more] == [other.pk]
    assert Stop.objects.get(entry=stopped).reason == "Identity"
    stopping.lift(Stop.objects.filter(entry=stopped), officer)
    assert shown() == {stopped.pk}
    again = stopping.stop_candidates(only, officer, "Once more")
    assert [stop.entry_id for stop in again] == [stopped.pk]


def test_without_words_of_its_own_a_stop_has_the_usual_notice_in_both_languages(officer):
    usual = stopping.usual_notice()
    stop = stopping.stop_session(factories.session(), officer, "Wrong file")
    assert (stop.notice_it, stop.notice_en) == (usual.it, usual.en)
    assert usual.it != usual.en


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_stop_needs_a_reason_that_fits(officer, reason):
    session = factories.session()
    factories.entry(session)
    with pytest.raises(ValidationError, match="reason"):
        stopping.stop_session(session, officer, reason)
    with pytest.raises(ValidationError, match="reason"):
        stopping.stop_candidates(Entry.objects.all(), officer, reason)


@pytest.mark.parametrize(
    "notice", [Notice("", "Paused"), Notice("In pausa", " "), Notice("x" * 501, "Paused")]
)
def test_a_stop_needs_a_notice_in_both_languages_that_fits(officer, notice):
    with pytest.raises(ValidationError, match="notice in both languages"):
        stopping.stop_session(factories.session(), officer, "Wrong file", notice)


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "Another"},
        {"notice_en": "Something else"},
        {"lifted_at": Now()},
        {"entry": None, "preparation_centre": None, "started_at": Now() - timedelta(days=1)},
    ],
)
def test_the_database_lets_a_stop_be_lifted_and_nothing_else(officer, change):
    session = factories.session()
    stop = stopping.stop_candidates(
        Entry.objects.filter(pk=factories.entry(session).pk), officer, "Identity"
    )[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Stop.objects.filter(pk=stop.pk).update(**change)
    stopping.lift(Stop.objects.all(), officer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Stop.objects.filter(pk=stop.pk).update(lifted_at=None, lifted_by=None)


@pytest.mark.parametrize("empty", ["reason", "notice_it", "notice_en"])
def test_the_database_refuses_a_stop_without_words_or_with_two_scopes(officer, empty):
    session = factories.session()
    words = {"reason": "Wrong file", "notice_it": "In pausa", "notice_en": "Paused"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Stop.objects.create(session=session, started_by=officer, **words | {empty: ""})
    both = {"entry": factories.entry(session), "preparation_centre": factories.centre()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Stop.objects.create(session=session, started_by=officer, **words, **both)


@pytest.mark.django_db(transaction=True)
def test_of_two_officers_who_stop_at_once_one_stops_and_the_other_is_told():
    session = factories.session()
    open_entry(session)
    officers = [factories.officer(), factories.officer()]
    barrier, said = Barrier(len(officers)), []

    def stop(officer) -> None:
        try:
            barrier.wait()
            stopping.stop_session(session, officer, "Wrong file")
        except ValidationError as refusal:
            said.extend(refusal.messages)
        finally:
            connection.close()

    threads = [Thread(target=stop, args=(officer,)) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["This is stopped already."]
    assert Stop.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_stop_does_not_wait_for_a_file_that_is_being_loaded(role_connection):
    session = factories.session()
    officer = factories.officer()
    importer = role_connection("staff")
    with importer.transaction():
        importer.execute("SELECT 1 FROM results_release WHERE session_id = %s FOR UPDATE", [session.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            try:
                stopping.stop_session(session, officer, "Wrong file")
            finally:
                cursor.execute("RESET lock_timeout")
    assert Stop.objects.count() == 1
