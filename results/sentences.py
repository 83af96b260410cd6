"""What every Statement of Results says, whatever the result: once, for the page and for the PDF.

Lazy: in the language that is active where they are shown. A template has them by {% sentences as said %}.
"""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from results import verification_codes
from results.times import day_in_words

TITLE = "Statement of Results"  # the board's words stay English

AUTHORISED_CENTRE = _("Authorised Exam Centre")

NAME = _("Candidate name")
SESSION = _("Session")
PLACE = _("Place of entry")
REFERENCE = _("Reference number (to be quoted on all correspondence)")

RESULT = _("Result")
OVERALL = _("Overall score")
LEVEL = _("CEFR level")
NEXT = _("What happens next")
OFFICE = _("Exams office:")

AMENDED = _("This statement was amended")
REPLACES = _("What you see now counts; it replaces what you saw before.")
REASON = _("Reason:")

SCORES = _("Your scores on the Cambridge English Scale")
SKILL = _("Skill")
SCORE = _("Score")
AVERAGE = _(
    "The overall score is the average of all the papers. It alone decides the result and the CEFR level; no"
    " paper has to be passed by itself."
)
OVERALL_SHORT = pgettext_lazy("score", "Overall")
YOURS = pgettext_lazy("score", "yours")
SCORE_ONLY = _("Score only: no result, no certificate")

SHIELDS = _("What your shields say")
CAN_DO = _("What you can do")
WORK_ON = _("What to work on next")
NOT_REPORTED = _("Not reported")
FOR_PARENTS = _("For parents")
SHIELDS_MEAN = _("What the shields mean")
ONE_TO_FIVE = _(
    "Each skill gets from one to five shields. Five mean that it went very well; one or two, that it is just"
    " beginning."
)
NO_FAIL = _("There is no pass and no fail, and every child who takes all the parts gets a certificate.")
AT_HOME = _("What helps at home")
NEXT_EXAM = _("The next exam")

ABOUT = _("What the exam is about")
CODES_TITLE = _("Codes in place of a result")
CODES = (
    ("X", _("absent from part of the exam")),
    ("Z", _("absent from all parts of the exam")),
    ("Pending", _("cannot be issued at present, will follow")),
    ("Withheld", _("not given out for now: the candidate should contact the exams office")),
)

NO_CERTIFICATE = _("This is not a certificate.")
KEEP_SLIP = _("Keep your slip until you receive the certificate.")
MAY_AMEND = _("The exam board may amend these results before the certificates are issued.")

VERIFY = _("Is this document genuine?")
VERIFY_BY = _("Check it with this code at")


def about_the_chart(overall: int) -> str:
    """What a chart of the scale is called for who cannot see it."""
    return gettext(
        "Chart of your scores on the Cambridge English Scale; the overall score is %(overall)s. The table"
        " beside it has the same scores."
    ) % {"overall": overall}


def bands_of(exam_name: str) -> str:
    """The caption of the table of result bands."""
    return gettext("Scores and results of %(exam)s") % {"exam": exam_name}


def amended_before(times: int) -> str:
    """Of amendments that a document has no room for; empty for none."""
    if times <= 0:
        return ""
    return ngettext(
        "It was amended once before that; the page on the site says how.",
        "It was amended %(times)d times before that; the page on the site says how.",
        times,
    ) % {"times": times}


def in_shields(shields: int) -> str:
    return gettext("%(shields)s of 5 shields") % {"shields": shields}


def ready_for(exam_name: str) -> str:
    """To a child with four or five shields in every skill; exam_name: of the next exam."""
    return gettext(
        "Four or five shields in every skill: you are ready to prepare for the next exam, %(exam)s."
    ) % {"exam": exam_name}


def verify_at() -> str:
    """The page that checks documents, as people type it."""
    return verification_codes.page().partition("://")[2].rstrip("/")


def published(statement) -> str:
    """Who has published the statement, and which version it is."""
    centre = settings.AUTHORISED_CENTRE
    return gettext(
        "Published by %(centre)s, Authorised Exam Centre %(number)s. Version %(version)s of %(day)s."
    ) % {
        "centre": centre["name"],
        "number": centre["number"],
        "version": statement.version,
        "day": day_in_words(timezone.localtime(statement.issued_at)),
    }
