"""Two questions of a school in the demo: one is answered, one waits."""

QUESTION_ABOUT = "B2F-DEMO"


def load(officer: "User") -> None:  # noqa: F821
    from datetime import date

    from centres import asking
    from centres.models import PreparationCentre, StudentQuestion
    from results.models import Entry, ExamSession

    centre = PreparationCentre.objects.get(code="RMPS01")
    secretary = centre.memberships.get(role="manager").user
    session = ExamSession.objects.get(code=QUESTION_ABOUT)
    asking.ask_missing(
        centre,
        session,
        secretary,
        name="Beatrice Lo Presti",
        date_of_birth=date(2008, 4, 23),
        id_number="",
        message="L’abbiamo iscritta a settembre, insieme alla 5B.",
    )
    asking.answer(
        StudentQuestion.objects.get(),
        officer,
        "La studentessa risulta iscritta alla sessione di dicembre, come da vostra email del 30 settembre:"
        " comparirà con quella sessione. Se è un errore, scriveteci.",
    )
    unknown = Entry.objects.filter(session=session, preparation_centre=centre).order_by("pk")[1]
    asking.ask_not_ours(unknown, secretary, "Da settembre frequenta un’altra scuola.")
