"""How long a document takes: python -m bench.documents [--pack 500 5000]

On a throw-away server: one statement as PDF in a new process (cold) and in one that has made some (warm),
signed and unsigned, from one thread and from several; then packs of so many students by the worker that
makes them, as zip and as PDF, from asking to the file; and what the gate's question costs for each piece.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.installation import installation, make_session

TIMES = 50
THREADS = 4
POLL = 0.05  # seconds
COLD = """
import time
import django
django.setup()
from results.models import CentreStatement
from bench.documents import first_document
from results import handing_out
of = first_document()
started = time.perf_counter(), time.process_time()
handing_out.signed(of, "it")
print(time.perf_counter() - started[0], time.process_time() - started[1])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=int, nargs="+", default=[500])
    sizes = parser.parse_args().pack
    with installation("staff") as portal:
        from results_portal.demo import signing

        os.environ |= signing.keep_in(portal.folder)
        from django.conf import settings

        for name, value in signing.keep_in(portal.folder).items():
            setattr(settings, name, value)
        sessions = [(size, _fill(portal, size)) for size in sizes]
        _single()
        for size, session in sessions:
            for kind in ("zip", "pdf"):
                _pack(portal, session, size, kind)


def first_document():
    """A statement that the gate shows some centre, ready to be set."""
    from results.document import Document
    from results.models import CentreStatement

    statement = CentreStatement.objects.select_related("entry__session").order_by("entry_id").first()
    return Document(statement.entry, statement)


def _single() -> None:
    from results import document, handing_out, signing

    of = first_document()
    run = subprocess.run([sys.executable, "-c", COLD], check=True, capture_output=True)
    cold, busy = (float(seconds) * 1000 for seconds in run.stdout.split())
    pdf = handing_out.signed(of, "it")
    print(f"cold, signed: {cold:.0f} ms, {busy:.0f} ms of a processor; {len(pdf) / 1000:.0f} kB")
    _measure(
        "warm, unsigned", [lambda each=each: document.render(each, "it") for each in _variants(of, TIMES)]
    )
    plain = document.render(of, "it")
    _measure("the signature alone", TIMES * [lambda: signing.sign(plain, "bench")])
    others = _variants(of, TIMES, start=TIMES)
    _measure("warm, signed", [lambda each=each: handing_out.signed(each, "it") for each in others])
    others = _variants(of, TIMES * 2, start=TIMES * 2)
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda each: handing_out.signed(each, "it"), others))
    seconds = time.perf_counter() - started
    print(f"signed, by {THREADS} threads of a process: {len(others) / seconds:.1f} a second")


def _variants(of, number: int, start: int = 0) -> list:
    """So many documents that differ, so that typst remembers none of them."""
    from copy import copy

    from results.document import Document

    made = []
    for n in range(start, start + number):
        entry = copy(of.entry)
        entry.given_names = f"Anna {n}"
        made.append(Document(entry, of.statement))
    return made


def _timed(verb) -> float:
    started = time.perf_counter()
    verb()
    return time.perf_counter() - started


def _measure(what: str, verbs: list) -> None:
    """How long each takes, and what it costs the processor, whatever else the machine does."""
    busy = time.process_time()
    times = [_timed(verb) for verb in verbs]
    busy = (time.process_time() - busy) / len(verbs)
    print(
        f"{what}: median {statistics.median(times) * 1000:.0f} ms, worst {max(times) * 1000:.0f} ms;"
        f" {busy * 1000:.0f} ms of a processor"
    )


def _fill(portal, size: int):
    """An open session in which one centre has so many students, beside ten times as many of others."""
    import psycopg

    session = make_session(f"PACK-{size}", datetime.now(UTC) + timedelta(days=1))
    with psycopg.connect(portal.urls["owner"], autocommit=True) as owner:
        (centre,) = owner.execute(
            "INSERT INTO centres_preparationcentre (code, name) VALUES ('', %s) RETURNING id",
            [f"Liceo {size}"],
        ).fetchone()
        owner.execute(
            "INSERT INTO results_entry (session_id, id_number, secret_digest, candidate_number, family_name,"
            " given_names, date_of_birth, email, preparation_centre_id)"
            " SELECT %s, %s || lpad(n::text, 7, '0'), '', lpad(n::text, 6, '0'), 'Bianchi ' || n, 'Anna',"
            " '2010-01-01', '', CASE WHEN n <= %s THEN %s::bigint END FROM generate_series(1, %s) AS n",
            [session.pk, "P" + chr(65 + size % 26), size, centre, size * 11],
        )
        owner.execute(
            "INSERT INTO results_statement (entry_id, version, reason, status, overall, result, cefr,"
            " reading, use_of_english, writing, listening, speaking)"
            " SELECT id, 1, '', 'result', 175, 'B', 'B2', 178, 171, 169, 185, 174"
            " FROM results_entry WHERE session_id = %s",
            [session.pk],
        )
        # A new time takes an approval back, so one after the other.
        for change in ("opens_at = now() - interval '1 hour'", "approved_through = 9000000000000000000"):
            owner.execute(f"UPDATE results_release SET {change} WHERE session_id = %s", [session.pk])
        owner.execute("ANALYZE")
    return session


def _pack(portal, session, size: int, kind: str) -> None:
    import psycopg

    from centres.models import Pack, PreparationCentre
    from centres.packing import QUEUE
    from centres.tasks import make_pack

    centre = PreparationCentre.objects.get(name=f"Liceo {size}")
    with psycopg.connect(portal.urls["centres"], autocommit=True) as face:
        (pk,) = face.execute(
            "INSERT INTO centres_pack (centre_id, session_id, kind, language) VALUES (%s, %s, %s, 'it')"
            " RETURNING id",
            [centre.pk, session.pk, kind],
        ).fetchone()
        make_pack.defer(pack_id=pk)
        command = [sys.executable, "manage.py", "procrastinate", "worker", "-q", QUEUE]
        worker = subprocess.Popen(command, env=os.environ, stderr=subprocess.DEVNULL)
        try:
            while (pack := Pack.objects.get(pk=pk)).is_running:
                time.sleep(POLL)
            peak = _peak(worker.pid)
        finally:
            worker.terminate()
            worker.wait()
        took = (pack.finished_at - pack.started_at).total_seconds()
        asked = _timed(lambda: face.execute("SELECT FROM centres_packs_current WHERE pack_id = %s", [pk]))
        read = _timed(
            lambda: face.execute("SELECT content FROM centres_packs_content WHERE pack_id = %s", [pk])
        )
    print(
        f"pack of {size}, {kind}: {pack.state}, {took:.1f} s, {(pack.size or 0) / 1e6:.1f} MB, worker's peak"
        f" {peak:.0f} MB; the gate's question {asked * 1000:.0f} ms, reading it all {read * 1000:.0f} ms"
    )


def _peak(process: int) -> float:
    """In MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


if __name__ == "__main__":
    main()
