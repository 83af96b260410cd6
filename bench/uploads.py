"""How long an officer waits: python -m bench.uploads [--rows 10000 100000]

On a throw-away server, with the office's worker as it is run: files of made-up entries and results are chosen
as on the page (the clock runs to the preview), and confirmed (the clock runs to the record). Memory is the
worker's peak up to then.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from bench import files
from bench.installation import installation, make_officers, make_session

POLL = 0.02  # seconds
WAIT = 600  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    sizes = parser.parse_args().rows
    with installation("staff") as portal:
        command = [sys.executable, "manage.py", "procrastinate", "worker", "-q", "office"]
        worker = subprocess.Popen(command, env=os.environ, stderr=subprocess.DEVNULL)
        try:
            _measure(portal.folder, sizes, worker.pid)
        finally:
            worker.terminate()
            worker.wait()


def _measure(folder: Path, sizes: list[int], worker: int) -> None:
    officer, _colleague = make_officers()
    print(f"{'':30} {'preview':>9} {'import':>9} {'worker':>9}")
    start = 0
    for rows in sizes:
        for ending in (".csv", ".xlsx"):
            session = make_session(f"S{rows}{ending}")
            for kind, table in (("entries", files.entries), ("results", files.results)):
                path = folder / f"{kind}{ending}"
                files.write(path, table(start, rows))
                preview, load = _wait_for(session, kind, path, officer)
                words = f"{rows:7} {kind}, {ending[1:].upper()}"
                print(f"{words:30} {preview:7.2f} s {load:7.2f} s {_peak(worker):6.0f} MB")
            start += rows


def _wait_for(session, kind: str, path: Path, officer) -> tuple[float, float]:
    """Seconds from choosing the file to its preview, and from confirming that to the record."""
    from django.core.files.base import ContentFile

    from results import uploading
    from results.models import Upload

    started = time.perf_counter()
    upload = uploading.choose(session, kind, ContentFile(path.read_bytes(), name=path.name), officer)
    _until(upload, Upload.State.CHECKED)
    preview = time.perf_counter() - started
    started = time.perf_counter()
    uploading.confirm(upload, officer, upload.sha256)
    _until(upload, Upload.State.LOADED)
    return preview, time.perf_counter() - started


def _until(upload, state: str) -> None:
    end = time.monotonic() + WAIT
    while upload.state != state:
        upload.refresh_from_db(fields=["state", "report"])
        if time.monotonic() > end or upload.state in {"refused", "failed", "cancelled"}:
            raise RuntimeError(f"{upload.name} is {upload.state}, not {state}: {upload.report}")
        time.sleep(POLL)


def _peak(process: int) -> float:
    """In MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


if __name__ == "__main__":
    main()
