"""The statement page beside an empty view: python -m bench.pages [--seconds 3] [--rounds 5]

One gunicorn, the same middleware; the empty view asks no database. The two are loaded in turn, and the ratio
of their requests a second is taken round by round.
"""

import argparse
from statistics import median

from bench import load, site
from bench.installation import installation

PEOPLE = 200
CONNECTIONS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with installation("staff") as portal:
        cookies = [site.sign_in(user) for user in site.open_session(portal, PEOPLE)]
        with site.served(portal, "bench.wsgi") as port:
            statement = [load.get("/statement/", cookie) for cookie in cookies]
            empty = [load.get("/empty/", cookie) for cookie in cookies]
            for requests in (statement, empty):  # every connection and template is warm, every page seen
                load.run(port, requests, 2, CONNECTIONS)
            ratios = []
            for _round in range(arguments.rounds):
                pages = load.run(port, statement, arguments.seconds, CONNECTIONS)
                nothing = load.run(port, empty, arguments.seconds, CONNECTIONS)
                ratios.append(pages.a_second / nothing.a_second)
                print(
                    f"statement {pages.a_second:7.0f}/s {dict(pages.statuses)} {pages.length} bytes"
                    f"   empty {nothing.a_second:7.0f}/s   ratio {ratios[-1]:.2f}"
                )
    print(f"ratio, median: {median(ratios):.2f}")


if __name__ == "__main__":
    main()
