"""A thousand who ask for their PDF at once: python -m bench.crowd [--people 1000] [--at-once 100]

The candidates' site under gunicorn. Everybody asks for the document until it comes, as the page that asks
again does; meanwhile somebody else reloads a statement page. Told: how long until all had theirs, how often
they were asked to wait, and how fast the page answered beside it.
"""

import argparse
import threading
import time

from bench import load, site
from bench.installation import installation

PAUSE = 1.0  # seconds before somebody who was asked to wait asks again; the page itself waits longer
LONGEST = 240  # seconds; then the bench ends, and says who has nothing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=100)
    arguments = parser.parse_args()
    with installation("staff") as portal:
        cookies = [site.sign_in(user) for user in site.open_session(portal, arguments.people)]
        with site.served(portal) as port:
            page = [load.get("/statement/", cookies[0])]
            load.run(port, page, 2, 1)  # warm
            before = load.run(port, page, 5, 1)
            print(f"page alone:  median {before.percentile(50) * 1000:.0f} ms, 99 % {_ms(before)} ms")
            _crowd(port, cookies, arguments.at_once, page)


def _crowd(port: int, cookies: list[str], at_once: int, page: list[bytes]) -> None:
    waiting, got, waits, others = list(cookies), [], [0], []
    lock = threading.Lock()
    began = time.perf_counter()

    def ask() -> None:
        with load.Connection(port) as connection:
            while time.perf_counter() - began < LONGEST:
                with lock:
                    if not waiting:
                        return
                    cookie = waiting.pop(0)
                status, _length = connection.ask(load.get("/statement/pdf/", cookie))
                with lock:
                    if status == 200:
                        got.append(time.perf_counter() - began)
                        continue
                    waiting.append(cookie)
                    waits[0] += status == 503
                    if status != 503:
                        others.append(status)
                time.sleep(PAUSE)

    people = [threading.Thread(target=ask) for _person in range(at_once)]
    for person in people:
        person.start()
    beside = load.Load()
    while any(person.is_alive() for person in people):
        more = load.run(port, page, 2, 1)
        beside.times += more.times
        beside.statuses += more.statuses
    median = beside.percentile(50) * 1000
    print(f"page beside: median {median:.0f} ms, 99 % {_ms(beside)} ms; {dict(beside.statuses)}")
    print(
        f"{len(got)} of {len(cookies)} documents in {max(got):.0f} s ({len(got) / max(got):.0f} a second);"
        f" asked to wait {waits[0]} times; other answers: {others or 'none'}"
    )


def _ms(measured: load.Load) -> str:
    return f"{measured.percentile(99) * 1000:.0f}"


if __name__ == "__main__":
    main()
