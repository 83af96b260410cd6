"""Earlier sessions of the demo, so that a school sees how its students do from session to session.

Nobody is registered with them, and their slips are in no file.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from results_portal.demo import data
from results_portal.demo.data import B2_FIRST_2012, DemoSession

EARLIER = (
    DemoSession("B2F-EARLIER", "B2F", 60, 5001, timedelta(days=-120), 160, B2_FIRST_2012, (16, 22)),
    DemoSession("B2F-EARLIEST", "B2F", 60, 5001, timedelta(days=-265), 300, B2_FIRST_2012, (16, 22)),
)


def load(chance, now: datetime, officers: Sequence) -> None:
    """Load and open them; officers: two people who may prepare and approve."""
    from results.importing import import_entries, import_results
    from results.models import Release
    from results.releasing import approve
    from results.sessions import create_session

    # Their numbers have six digits as all have, after letters of their own.
    numbers = iter(chance.sample(range(100_000, 1_000_000), sum(plan.candidates for plan in EARLIER)))
    for plan in EARLIER:
        opens_at, exam_date = now + plan.opens_in, (now - timedelta(days=plan.exam_days_ago)).date()
        session = create_session(
            plan.code,
            exam=plan.exam,
            title=f"{exam_date:%B %Y}",
            exam_date=exam_date,
            place="Roma",
            opens_at=opens_at,
        )
        slips = list(data.slips_of(chance, plan, opens_at, exam_date, numbers, letters="SIP"))
        import_entries(session, data.write(f"{plan.code}-entries.csv", data.entry_rows(slips)))
        rows = data.result_rows(chance, session.exam_facts, plan, slips)
        import_results(session, data.write(f"{plan.code}-results.csv", rows))
        for officer in officers:
            approve(Release.objects.get(session=session), officer, open_now=True)
