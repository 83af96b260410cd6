"""The throttle, counted exactly, and who it must never stop."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import RequestFactory

from accounts import throttle
from accounts.models import ThrottleCounter
from accounts.throttle import (
    LOGIN_OVERALL,
    LOGIN_PER_ADDRESS,
    LOGIN_PER_DEVICE,
    LOGIN_PER_NAME,
    MAIL_PER_NAME,
    REGISTER_PER_NAME,
    TooManyTries,
)
from tests import factories

PARALLEL = 64


def fail(times: int, name="SIR000001", address="192.0.2.1", device=None) -> int:
    """Try that often without success; returns how many were evaluated."""
    evaluated = 0
    for _try in range(times):
        try:
            throttle.login(name, address, device)
            evaluated += 1
        except TooManyTries:
            pass
    return evaluated


def in_parallel(attempt) -> int:
    """Make 64 tries at once, each on a connection of its own; returns how many were evaluated."""
    together = Barrier(PARALLEL)

    def run(_number: int) -> bool:
        try:
            connection.ensure_connection()
            together.wait()
            attempt()
        except TooManyTries:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(PARALLEL) as pool:
        return sum(pool.map(run, range(PARALLEL)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("attempt", "limit"),
    [
        (lambda: throttle.login("SIR000001", "192.0.2.1", None), LOGIN_PER_NAME),
        (lambda: throttle.login("SIR000001", "192.0.2.1", "browser"), LOGIN_PER_DEVICE),
        (lambda: throttle.registration("SIR000001", "192.0.2.1"), REGISTER_PER_NAME),
        (lambda: throttle.mail("SIR000001", "192.0.2.1"), MAIL_PER_NAME),
    ],
    ids=["sign in", "known browser", "register", "mail"],
)
def test_64_parallel_guesses_are_evaluated_up_to_the_limit_and_no_further(attempt, limit):
    assert in_parallel(attempt) == limit.failures


@pytest.mark.django_db
def test_a_success_forgets_the_failures_of_the_name():
    fail(LOGIN_PER_NAME.failures - 1)
    throttle.login("SIR000001", "192.0.2.1", None).succeeded()
    assert fail(LOGIN_PER_NAME.failures + 5) == LOGIN_PER_NAME.failures


@pytest.mark.django_db
def test_success_never_counts_for_the_address_so_a_school_of_400_gets_in():
    for student in range(400):
        throttle.login(f"SIR{student:06d}", "192.0.2.1", None).succeeded()
    assert set(ThrottleCounter.objects.values_list("count", flat=True)) == {0}


@pytest.mark.django_db
def test_one_address_may_fail_only_so_often_over_all_names():
    evaluated = sum(fail(1, name=f"SIR{n:06d}") for n in range(LOGIN_PER_ADDRESS.failures + 20))
    assert evaluated == LOGIN_PER_ADDRESS.failures
    assert fail(1, name="SIR999999", address="192.0.2.2") == 1


@pytest.mark.django_db
def test_all_addresses_together_may_fail_only_so_often(monkeypatch):
    few = throttle.Limit(LOGIN_OVERALL.name, 7, LOGIN_OVERALL.window)
    monkeypatch.setattr(throttle, "LOGIN_OVERALL", few)
    assert sum(fail(1, name=f"SIR{n:06d}", address=f"192.0.2.{n}") for n in range(20)) == 7
    assert fail(1, name="SIR000001", address="198.51.100.1", device="known") == 1


@pytest.mark.django_db
def test_who_mistypes_and_then_gets_in_leaves_nothing_in_the_overall_count():
    fail(3)
    throttle.login("SIR000001", "192.0.2.1", None).succeeded()
    left = ThrottleCounter.objects.values_list("count", flat=True)
    assert left.get(key__contains="login-all") == 0
    assert left.get(key__contains="login-name") == 0
    assert left.get(key__contains="login-address:") == 3  # a success elsewhere must not wipe this out


@pytest.mark.django_db
def test_a_storm_on_the_candidates_site_does_not_stop_the_staff(settings):
    fail(LOGIN_PER_NAME.failures + 1, name="officer@sirio.example.org")
    settings.PORTAL_FACE = "staff"
    assert fail(1, name="officer@sirio.example.org") == 1


@pytest.mark.django_db
def test_hammering_one_name_uses_up_nothing_that_others_share():
    fail(LOGIN_PER_NAME.failures + 500)
    counts = dict(ThrottleCounter.objects.values_list("key", "count"))
    assert set(counts.values()) == {LOGIN_PER_NAME.failures}


@pytest.mark.django_db
def test_a_browser_that_signed_in_before_is_not_locked_out_by_others():
    fail(LOGIN_PER_NAME.failures + 5)
    assert fail(1) == 0
    assert fail(1, device="her own phone") == 1


@pytest.mark.django_db
def test_the_refusal_says_when_and_then_the_window_begins_anew():
    fail(LOGIN_PER_NAME.failures)
    with pytest.raises(TooManyTries) as refused:
        throttle.login("SIR000001", "192.0.2.1", None)
    assert refused.value.until == factories.database_now() + LOGIN_PER_NAME.window
    ThrottleCounter.objects.update(ends_at=factories.database_now() - timedelta(seconds=1))
    assert fail(LOGIN_PER_NAME.failures + 1) == LOGIN_PER_NAME.failures


@pytest.mark.django_db
def test_expired_counters_are_swept_and_others_stay():
    fail(1)
    fail(1, name="SIR000002", address="192.0.2.2")
    overdue = ThrottleCounter.objects.filter(key__contains="login-name").first()
    ThrottleCounter.objects.filter(pk=overdue.pk).update(ends_at=factories.database_now())
    before = ThrottleCounter.objects.count()
    assert throttle.forget_expired() == 1
    assert ThrottleCounter.objects.count() == before - 1


@pytest.mark.django_db
def test_what_was_typed_is_not_in_the_counters():
    fail(1, name="my secret password")
    assert not ThrottleCounter.objects.filter(key__contains="secret").exists()


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "address"),
    [
        ("192.0.2.7", "", 0, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.9", 0, "192.0.2.7"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.9", 1, "198.51.100.9"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.9, 10.0.0.2", 2, "198.51.100.9"),
        ("127.0.0.1", "", 1, "127.0.0.1"),
        ("127.0.0.1", "nonsense\x00", 1, "unknown"),
        ("2001:db8:1:2:3:4:5:6", "", 0, "2001:db8:1::/48"),
        ("::ffff:192.0.2.7", "", 0, "192.0.2.7"),
        ("", "", 0, "unknown"),
    ],
)
def test_the_address_is_counted_from_the_right(settings, remote, forwarded, proxies, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttle.client_address(request) == address


@pytest.mark.django_db(transaction=True)
def test_no_two_tries_ever_wait_for_each_other_in_a_circle():
    """Successes, failures and refusals of a few names at once, many times: no deadlock is reported."""
    numbers = iter(range(PARALLEL))

    def attempt() -> None:
        number = next(numbers)
        for turn in range(20):
            try:
                counted = throttle.login(f"SIR{(number + turn) % 5:06d}", f"192.0.2.{number % 3}", None)
            except TooManyTries:
                continue
            if number % 2:
                counted.succeeded()

    assert in_parallel(attempt) == PARALLEL
