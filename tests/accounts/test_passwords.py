"""The password of the slip: six letters and two digits, none of the easy ones."""

import re
from itertools import islice

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.passwords import EASY_WORDS, suggest_password, validate_candidate_password


def message(password: str, **facts) -> str:
    with pytest.raises(ValidationError) as refused:
        validate_candidate_password(password, **facts)
    return " ".join(refused.value.messages)


@pytest.mark.parametrize("password", ["kutove84", "8kutove4", "84KUtoVE", "k8u4tOve"])
def test_six_letters_and_two_digits_are_right_in_any_order(password):
    validate_candidate_password(password)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("kutov843", "You typed 5 letters and 3 digits."),
        ("8482", "This looks like your Secret Number."),
        ("kutoveb4", "You typed 7 letters and 1 digit."),
        ("k", "You typed 1 letter and 0 digits."),
        ("kutove8432", "You typed 6 letters and 4 digits."),
        ("kutove8!", "You typed 6 letters, 1 digit and 1 other character."),
        ("kutovè84", "You typed 5 letters, 2 digits and 1 other character."),
        ("kutove8４", "1 other character"),
        ("kutove84\n", "1 other character"),
        ("", "You typed 0 letters and 0 digits."),
    ],
)
def test_another_form_is_answered_with_what_was_typed(password, words):
    assert words in message(password)


@given(st.text(max_size=12))
def test_only_the_form_is_accepted(password):
    try:
        validate_candidate_password(password)
    except ValidationError:
        return
    assert re.fullmatch(r"[A-Za-z0-9]{8}", password)
    assert len(re.findall("[A-Za-z]", password)) == 6


@pytest.mark.parametrize(
    "password",
    [
        "matteo12",
        "1Chiara2",
        "qwerty99",
        "Q1werty2",
        "aaaaaa11",
        "asdfgh00",
        "summer24",
        "juvent10",
        "ababab12",
    ],
)
def test_an_easy_word_with_two_digits_is_refused(password):
    assert "easy to guess" in message(password)


@pytest.mark.parametrize(
    ("password", "names"),
    [
        ("ozgurx12", "Özgür Çelik"),
        ("12zilvxo", "Zilvo Xilv Zilvxo"),
        ("Thiabo77", "Thiabolina Rossi"),
        ("dangix15", "Maria D’Angix"),
    ],
)
def test_the_candidates_own_names_are_refused(password, names):
    validate_candidate_password(password)
    assert "own name" in message(password, names=names)


def test_a_short_part_of_a_name_is_allowed():
    validate_candidate_password("kudivo84", names="Di Lo")


def test_the_secret_number_is_refused():
    assert "Secret Number" in message("kutoVe84", secret_number="KUTOVE84")


def test_a_suggested_password_passes_the_rule_and_differs_each_time():
    suggested = {suggest_password() for _time in range(200)}
    assert len(suggested) > 190
    for password in suggested:
        validate_candidate_password(password)


def test_the_list_of_easy_words_is_large_sorted_and_of_the_form():
    words = [line for line in EASY_WORDS.read_text().splitlines() if not line.startswith("#")]
    assert len(words) > 3000
    assert all(re.fullmatch("[a-z]{6}", word) for word in words)
    assert all(first < second for first, second in zip(words, islice(words, 1, None), strict=False))
