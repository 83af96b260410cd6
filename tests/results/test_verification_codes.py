"""The code on a document: always the same, told from every slip, and not to be guessed."""

import random

import pytest

from results import verification_codes as codes
from results.verification_codes import LETTERS, Mistyped, code_of, normalise, statement_of

NUMBERS = [1, 2, 7_000_000, 2**35 - 1]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_code_leads_back_to_its_statement_and_is_always_the_same(number):
    code = code_of(number)
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5]
    assert not set(code) - set(LETTERS) - {"-"}
    assert code_of(number) == code
    assert normalise(code) == code
    assert statement_of(code) == number


@pytest.mark.parametrize(
    "typed",
    [
        str.lower,
        lambda code: code.replace("-", " "),
        lambda code: code.replace("-", ""),
        " ".join,
        lambda code: f"  {code}\n",
        lambda code: code.replace("-", "–").replace("0", "O").replace("1", "l"),
        lambda code: code.replace("1", "i").replace("0", "o"),
        codes.address_of,
        lambda code: f"\u200b{code.replace('-', chr(0xAD))}",
    ],
)
def test_a_code_is_forgiven_as_people_type_it(typed):
    for number in range(1, 40):  # among them codes with 0 and 1
        code = code_of(number)
        assert normalise(typed(code)) == code


def test_one_wrong_letter_is_always_found():
    code = code_of(12)
    bare = code.replace("-", "")
    for place in range(len(bare)):
        for letter in set(LETTERS) - {bare[place]}:
            with pytest.raises(Mistyped):
                normalise(bare[:place] + letter + bare[place + 1 :])


def test_two_letters_that_changed_places_are_always_found():
    for number in range(5):
        bare = code_of(number).replace("-", "")
        for one in range(len(bare)):
            for other in range(one):
                if bare[one] != bare[other]:
                    swapped = list(bare)
                    swapped[one], swapped[other] = swapped[other], swapped[one]
                    with pytest.raises(Mistyped):
                        normalise("".join(swapped))


@pytest.mark.parametrize(
    "typed", ["", "-", "ABC", "U" * 20, "é" * 20, "0" * 21, "\x00" * 20, "²" * 20, "٣" * 20, "🎉" * 20]
)
def test_what_is_no_code_is_said_to_be_none(typed):
    with pytest.raises(Mistyped):
        normalise(typed)


def well_typed(random_letters: str) -> str:
    return normalise(random_letters + codes._check(random_letters))


def test_a_well_typed_code_that_we_did_not_make_leads_nowhere():
    chance = random.Random(5)  # noqa: S311
    for _try in range(2000):
        assert statement_of(well_typed("".join(chance.choices(LETTERS, k=19)))) is None


def test_a_neighbour_of_a_code_leads_nowhere():
    """Nor does any code that differs in its seal or in its number alone."""
    bare = code_of(12).replace("-", "")[:-1]
    for place in range(len(bare)):
        other = LETTERS[(LETTERS.index(bare[place]) + 1) % 32]
        assert statement_of(well_typed(bare[:place] + other + bare[place + 1 :])) is None


def test_codes_of_statements_that_follow_each_other_have_nothing_in_common():
    made = [code_of(number).replace("-", "")[:-1] for number in range(1, 301)]
    assert len(set(made)) == len(made)
    for place in range(19):
        assert len({code[place] for code in made}) == 32


def test_without_the_key_nothing_fits(settings):
    code = code_of(12)
    settings.SECRET_NUMBER_KEY = "another"
    assert code_of(12) != code
    assert statement_of(code) is None
