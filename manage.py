#!/usr/bin/env python3
"""Django's command line.

On a machine where `make demo` has run, and no other installation is named by the environment, the
commands work on the demo: its settings are read from var/demo/env, and a line on stderr says so.
"""

import os
import sys
from pathlib import Path

DEMO_ENV = Path(__file__).resolve().parent / "var" / "demo" / "env"


def use_demo_settings() -> None:
    """Fill in what the environment leaves open from the demo's settings; what is set stays."""
    if "PORTAL_SECRET_KEY" in os.environ or not DEMO_ENV.is_file():
        return
    import environ

    environ.Env.read_env(DEMO_ENV)
    sys.stderr.write("Working on the demo installation (var/demo/env).\n")


def main() -> None:
    use_demo_settings()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "results_portal.settings")
    from django.core.management import execute_from_command_line

    from results_portal.attribution import by_command

    with by_command(sys.argv[1] if len(sys.argv) > 1 else "help"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
