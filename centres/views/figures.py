"""What a centre's results say together: figures of a session, and from session to session."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from centres import charts, figures, seeing
from results.exams import EXAMS
from results.figures import FEWEST, measures


def of_session(request: HttpRequest, code: str) -> HttpResponse:
    """The figures of a session of the centre's students; 404 where it has none."""
    centres = seeing.centres_of(request.user)
    session = get_object_or_404(seeing.sessions_of(centres), code=code)
    exam = session.exam_facts
    context = {
        "session": session,
        "exam": exam,
        "stops": seeing.notices(seeing.stops_of(centres, session)),
        "fewest": FEWEST,
    }
    for step in figures.steps(centres, [session]):
        means = charts.means(exam, step.own, step.everyone)
        context |= {
            "own": step.own,
            "everyone": step.everyone,
            "means": means,
            "pictures": figures.of_session(exam, step),
            "weakest": figures.weakest(exam, step.own, step.everyone),
        }
    return render(request, "centres/session_figures.html", context)


def over_time(request: HttpRequest) -> HttpResponse:
    """The figures of one exam (?exam=, otherwise that of the latest session) over its last sessions."""
    centres = seeing.centres_of(request.user)
    due = list(seeing.sessions_of(centres).filter(is_due=True))
    exams = list(dict.fromkeys(session.exam for session in due))
    asked = request.GET.get("exam")
    chosen = asked if asked in exams else next(iter(exams), None)
    context = {"exams": [EXAMS[code] for code in exams], "fewest": FEWEST}
    if chosen:
        exam = EXAMS[chosen]
        latest = [session for session in due if session.exam == chosen][: figures.MOST_SESSIONS]
        steps = figures.steps(centres, list(reversed(latest)))
        context |= {
            "exam": exam,
            "steps": steps,
            "most": figures.MOST_SESSIONS,
            "trends": charts.trends(exam, [(step.session, step.own, step.everyone) for step in steps]),
            "table": _table(exam, steps),
            "measures": [charts.label_of(measure) for measure in measures(exam)],
            "pictures": figures.over_time(exam, steps) if len(steps) > 1 else [],
        }
    return render(request, "centres/figures.html", context)


def _table(exam, steps: list[figures.Step]) -> list[tuple[figures.Step, list[tuple[str, str]]]]:
    """The newest session first, each with the mean of every measure: own and of all candidates."""
    return [
        (
            step,
            [
                (
                    charts.in_words(step.own.means.get(measure), exam),
                    charts.in_words(step.everyone.means.get(measure) if step.everyone else None, exam),
                )
                for measure in measures(exam)
            ],
        )
        for step in reversed(steps)
    ]
