"""Two candidates of the demo who took exams before: all in one account, on one scale over the years.

Whoever registered first for B2 First has two earlier results and that one, whoever did for C1 Advanced one
earlier result and waits for the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

# Of which of the demo's sessions a past one is a copy, how many days ago its exam was, which candidates of
# today took it.
PAST = {
    "A2KS-PAST": ("A2KS-DEMO", 930, ("B2F-DEMO",)),
    "B1P-PAST": ("B1P-DEMO", 540, ("B2F-DEMO", "C1A-DEMO")),
}
OTHERS = 4  # candidates of a past session who are not among today's
CANDIDATES = sum(OTHERS + len(took) for _like, _days, took in PAST.values())
OPENED = timedelta(days=35)  # after the exam
FIRST_NUMBER = 5601


def load(
    plans: dict[str, "DemoSession"],  # noqa: F821
    slips: list["Slip"],  # noqa: F821
    make_slips: Callable[..., list],
    load_session: Callable[..., None],
) -> Iterator["Slip"]:  # noqa: F821
    """Load the past sessions and add them to the accounts, as their candidates would; yields their slips.

    make_slips(plan): new candidates of a session; load_session(plan, slips): stores entries and results and
    releases them.
    """
    from django.utils import translation

    from accounts.models import User
    from candidates.adding import Outcome, add_exam

    first = FIRST_NUMBER
    for code, (like, days_ago, took) in PAST.items():
        plan = replace(
            plans[like],
            code=code,
            exam_days_ago=days_ago,
            opens_in=OPENED - timedelta(days=days_ago),
            candidates=OTHERS + len(took),
            first_number=first,
        )
        first += plan.candidates
        own = make_slips(plan)
        people = [next(slip for slip in slips if slip.session == session) for session in took]
        for number, person in enumerate(people):
            own[number] = replace(
                own[number],
                family_name=person.family_name,
                given_names=person.given_names,
                date_of_birth=person.date_of_birth,
                preparation_centre=person.preparation_centre,
            )
        load_session(plan, own)
        for slip, person in zip(own, people, strict=False):
            user = User.objects.get(username=person.id_number)
            with translation.override("it"):
                answer = add_exam(user, slip.id_number, slip.secret_number)
            if answer.outcome is not Outcome.ADDED:
                raise RuntimeError(f"{slip.id_number}: {answer.outcome}")
            slip.password = person.password
        yield from own
