"""Whose an ID Number is: a candidate signs in with any of the numbers on their slips, and one password.

An entry belongs to one account at most, and its ID Number is unique, so a number leads to one account or to
none, whatever an account is called. What the account is called (its first ID Number) is what guesses are
counted under.
"""

from accounts.models import Face, User


def account_of(id_number: str) -> User | None:
    """The account with this exam, in one query for known and unknown numbers; id_number: normalised."""
    return User.objects.filter(entries__id_number=id_number, face=Face.CANDIDATES).first()


def name_of(id_number: str) -> str:
    """What the account with this exam is called; the number itself if it is nobody's."""
    account = account_of(id_number)
    return account.username if account else id_number
