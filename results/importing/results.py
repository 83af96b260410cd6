"""Results: what a session's candidates have achieved, as versions of their statements."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from results.exams import CEFR_LEVELS, Exam, Skill
from results.importing.loading import CENTRE, Cells, Loader, WrongCell, id_number
from results.models import ExamSession, Release, Result, Status

# The reason of a later version where nobody gives one; stored, so not translated.
CORRECTED_BY_FILE = "Results file"

# A file's outcomes are far from the last sessions' where more than this share of them lies elsewhere (the
# total variation distance); below so many outcomes, chance alone can do that.
FAR_FROM_EARLIER = 0.25
FEWEST_TO_COMPARE = 20
SESSIONS_TO_COMPARE = 3

_STATUSES = {value.lower(): value for value in Status.values}
_RESULTS = tuple(Result.values)
_GRADING = ("overall", "result", "cefr")
_SKILLS = tuple(skill.value for skill in Skill)
_NEGATIVE = re.compile(r"[-\u2010-\u2015\u2212]\s*[0-9].*")
_DECIMAL = re.compile(r"[0-9]+[.,][0-9]+")
_WHOLE = re.compile(r"[0-9]{1,9}")


def status(text: str) -> str:
    """Raises WrongCell, as all these rules do."""
    if text.lower() not in _STATUSES:
        raise WrongCell(_("not a status"), ", ".join(Status.values))
    return _STATUSES[text.lower()]


def score(text: str, exam: Exam) -> int:
    """A skill's or the overall score in points of the scale, or shields."""
    allowed = exam.scores()
    if _WHOLE.fullmatch(text) and int(text) in allowed:
        return int(text)
    if _NEGATIVE.fullmatch(text):
        wrong = _("a score has no minus sign")
    elif _DECIMAL.fullmatch(text):
        wrong = _("a score has no decimals")
    elif not _WHOLE.fullmatch(text):
        wrong = _("not a score")
    elif exam.reports_shields:
        wrong = _("nobody has this number of shields")
    elif int(text) < exam.lowest:
        wrong = _("%s reports no score that is so low") % exam.name
    else:
        wrong = _("%s reports no score that is so high") % exam.name
    expected = _("a whole number from %(lowest)d to %(highest)d")
    raise WrongCell(wrong, expected % {"lowest": allowed[0], "highest": allowed[-1]})


def result(text: str) -> str:
    if text.upper() not in _RESULTS:
        raise WrongCell(_("not a result"), ", ".join(_RESULTS))
    return text.upper()


def cefr(text: str) -> str:
    """A CEFR level, or nothing."""
    if text and text.upper() not in CEFR_LEVELS:
        raise WrongCell(_("not a CEFR level"), ", ".join(CEFR_LEVELS))
    return text.upper()


# SQL: the result of a row s, or the code in its place; "result" where the exam gives neither.
_OUTCOME = "coalesce(nullif(s.result, ''), s.status)"


def _distance(one: dict[str, int], other: dict[str, int]) -> float:
    """Total variation distance of two distributions: the share of one that lies elsewhere than the other."""
    sums = sum(one.values()), sum(other.values())
    shares = ((one.get(key, 0) / sums[0], other.get(key, 0) / sums[1]) for key in one.keys() | other.keys())
    return sum(abs(a - b) for a, b in shares) / 2


class ResultFile(Loader):
    """A results file of a session.

    A row that differs from the candidate's newest statement becomes the next version of it; one that says
    the same changes nothing. Where an approval covers what it replaces, it corrects a published result, and
    the file needs a reason. The file's values stand: where they differ from what the scores give, that is a
    warning.
    """

    called = gettext_lazy("results")
    telling = frozenset({"status", *_GRADING})
    staged = (
        "row integer, id_number text, status text, overall smallint, result text, cefr text, "
        + ", ".join(f"{skill} smallint" for skill in _SKILLS)
    )

    def __init__(self, session: ExamSession, by: User | None = None, reason: str = "") -> None:
        super().__init__(session)
        self._by, self._reason = by, reason
        self._exam = session.exam_facts
        skills = tuple(skill.value for skill in self._exam.skills)
        self.columns = ("id_number", "status", *skills)
        if self._exam.reports_shields:
            self.optional = _GRADING
        else:
            self.columns += _GRADING

    def unknown_column(self, name: str) -> str:
        if name in _SKILLS:
            return _("%s does not report this skill") % self._exam.name
        return super().unknown_column(name)

    def parse(self, number: int, cells: Cells) -> tuple:
        faults_before = len(self.report.faults)
        who = self.value(number, cells, "id_number", id_number)
        code = self.value(number, cells, "status", status)
        values = {"overall": None, "result": "", "cefr": ""}
        if code == Status.RESULT:
            for skill in self._exam.skills:
                values[skill] = self.value(number, cells, skill, score, self._exam)
            if self._exam.reports_shields:
                self._refuse(
                    number, cells, _GRADING, _("%s has no overall score and no level") % self._exam.name
                )
            else:
                values["overall"] = self.value(number, cells, "overall", score, self._exam)
                values["result"] = self.value(number, cells, "result", result)
                values["cefr"] = self.value(number, cells, "cefr", cefr)
                if len(self.report.faults) == faults_before:
                    self._compare(number, values)
        elif code:
            scored = [name for name in cells if name not in ("id_number", "status")]
            self._refuse(number, cells, scored, _("with status %s there is no score, result or level") % code)
        return (
            number,
            who,
            code,
            *(values[name] for name in _GRADING),
            *(values.get(name) for name in _SKILLS),
        )

    def _refuse(self, number: int, cells: Cells, columns, wrong: str) -> None:
        for name in columns:
            if value := cells.get(name):
                self.fault(wrong, _("an empty cell"), row=number, column=name, value=value)

    def _compare(self, number: int, values: dict) -> None:
        """Warn of what is not as the scores, and the overall score, give it."""
        exam, overall = self._exam, values["overall"]
        by_scores = exam.overall({skill: values[skill] for skill in exam.skills})
        if overall != by_scores:
            self.warn(_("the scores give %d") % by_scores, row=number, column="overall", value=str(overall))
        band = exam.band(overall)
        if values["result"] != band.result:
            self.warn(
                _("an overall score of %(overall)d gives %(result)s")
                % {"overall": overall, "result": band.result},
                row=number,
                column="result",
                value=values["result"],
            )
        if values["cefr"] != band.cefr:
            if band.cefr:
                wrong = _("an overall score of %(overall)d is level %(cefr)s")
            else:
                wrong = _("an overall score of %(overall)d has no CEFR level")
            self.warn(
                wrong % {"overall": overall, "cefr": band.cefr},
                row=number,
                column="cefr",
                value=values["cefr"],
            )

    def check(self, cursor) -> None:
        # An approval that runs now ends before a statement gets its id, or starts after the last one has.
        self._release = Release.objects.select_for_update().filter(session=self.session).first()
        self.check_once(cursor, "id_number", _("the same ID Number stands in row %d"))
        self.check_entered(cursor)

    def count(self, cursor) -> None:
        report = self.report
        cursor.execute(f"SELECT {_OUTCOME}, count(*) FROM staged s GROUP BY 1 ORDER BY 1")  # noqa: S608
        report.by_outcome = dict(cursor)
        cursor.execute(
            f"""
            SELECT coalesce(c.name, ''), count(*) FROM staged s
            JOIN results_entry e ON e.id_number = s.id_number
            LEFT JOIN {CENTRE.db_table} c ON c.id = e.preparation_centre_id
            GROUP BY 1 ORDER BY 1
            """  # noqa: S608
        )
        report.by_centre = dict(cursor)
        self._count_earlier(cursor)
        if min(map(sum, (report.by_outcome.values(), report.earlier.values()))) < FEWEST_TO_COMPARE:
            return
        distance = _distance(report.by_outcome, report.earlier)
        if distance > FAR_FROM_EARLIER:
            self.warn(
                _("%(percent)d %% of the results lie elsewhere than in the last sessions (%(codes)s)")
                % {"percent": round(100 * distance), "codes": ", ".join(report.earlier_sessions)},
                _("about the same distribution; check that no column has shifted"),
            )

    def _count_earlier(self, cursor) -> None:
        cursor.execute(
            """
            SELECT x.code, x.id FROM results_examsession x JOIN results_release r ON r.session_id = x.id
            WHERE x.exam = %s AND x.id <> %s AND x.exam_date <= %s AND r.approved_through IS NOT NULL
            ORDER BY x.exam_date DESC, x.id DESC LIMIT %s
            """,
            [self.session.exam, self.session.pk, self.session.exam_date, SESSIONS_TO_COMPARE],
        )
        earlier = dict(cursor)
        cursor.execute(
            f"""
            SELECT {_OUTCOME}, count(*) FROM (
                SELECT DISTINCT ON (v.entry_id) v.* FROM results_statement v
                JOIN results_entry e ON e.id = v.entry_id
                JOIN results_release r ON r.session_id = e.session_id
                WHERE e.session_id = ANY(%s) AND v.id <= r.approved_through
                ORDER BY v.entry_id, v.version DESC
            ) AS s GROUP BY 1 ORDER BY 1
            """,  # noqa: S608
            [list(earlier.values())],
        )
        self.report.earlier_sessions, self.report.earlier = list(earlier), dict(cursor)

    def store(self, cursor) -> None:
        approved_through = self._release.approved_through if self._release else None
        columns = ", ".join(("status", *_GRADING, *_SKILLS))
        staged, newest = (
            ", ".join(f"{table}.{name}" for name in columns.split(", ")) for table in ("s", "newest")
        )
        cursor.execute(
            f"""
            WITH stored AS (
                INSERT INTO results_statement (entry_id, version, reason, made_by_id, {columns})
                SELECT e.id, coalesce(newest.version, 0) + 1,
                       CASE WHEN newest.version IS NULL THEN '' ELSE %s END, %s, {staged}
                FROM staged s
                JOIN results_entry e ON e.id_number = s.id_number
                LEFT JOIN LATERAL (
                    SELECT * FROM results_statement v WHERE v.entry_id = e.id ORDER BY v.version DESC LIMIT 1
                ) AS newest ON true
                WHERE newest.version IS NULL OR ({staged}) IS DISTINCT FROM ({newest})
                ORDER BY s.row
                RETURNING entry_id, version
            )
            SELECT count(*) FILTER (WHERE version = 1), count(*) FILTER (WHERE version > 1),
                   count(*) FILTER (WHERE version > 1 AND EXISTS (
                       SELECT FROM results_statement v WHERE v.entry_id = stored.entry_id AND v.id <= %s
                   )),
                   (SELECT count(*) FROM staged)
            FROM stored
            """,  # noqa: S608
            [
                self._reason or CORRECTED_BY_FILE,
                self._by.pk if self._by else None,
                approved_through,
            ],
        )
        self.report.added, self.report.changed, self.report.corrected, rows = cursor.fetchone()
        self.report.unchanged = rows - self.report.added - self.report.changed
        self._ask_for_reason()
        self._say_what_misses(cursor)
        self._say_what_waits(cursor, approved_through)

    def _ask_for_reason(self) -> None:
        corrected = self.report.corrected
        if not corrected or self._reason:
            return
        counted = (
            ngettext(
                "this file corrects %d published result",
                "this file corrects %d published results",
                corrected,
            )
            % corrected
        )
        expected = _("a reason, which the candidates will read")
        if self.report.dry_run:
            self.warn(counted, expected)
        else:
            self.fault(counted, expected)

    def _say_what_misses(self, cursor) -> None:
        cursor.execute(
            """
            SELECT count(*) FROM results_entry e WHERE e.session_id = %s
            AND NOT EXISTS (SELECT FROM results_statement s WHERE s.entry_id = e.id)
            """,
            [self.session.pk],
        )
        (self.report.without_result,) = cursor.fetchone()
        if missing := self.report.without_result:
            self.report.notes.append(
                ngettext(
                    "%d entry of this session has no result yet.",
                    "%d entries of this session have no result yet.",
                    missing,
                )
                % missing
            )

    def _say_what_waits(self, cursor, approved_through: int | None) -> None:
        cursor.execute(
            """
            SELECT count(*) FROM results_statement s JOIN results_entry e ON e.id = s.entry_id
            WHERE e.session_id = %s AND s.id > %s AND NOT EXISTS (
                SELECT FROM results_statement newer
                WHERE newer.entry_id = s.entry_id AND newer.version > s.version
            )
            """,
            [self.session.pk, approved_through or 0],
        )
        (waiting,) = cursor.fetchone()
        if waiting:
            self.report.notes.append(
                ngettext(
                    "%d statement of this session waits for approval.",
                    "%d statements of this session wait for approval.",
                    waiting,
                )
                % waiting
            )
        if approved_through and (self.report.added or self.report.changed):
            self.report.notes.append(
                _("The release was approved before: what this file brings stays hidden until the next one.")
            )
