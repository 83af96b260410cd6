#!/bin/sh
# Checks of `make lint` that need settings: the deployment checks as in production, with keys of the moment,
# and that no migration is missing. The database is given by DATABASE_URL.
set -eu
random() { .venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(48))'; }
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
.venv/bin/python -m results_portal.demo.signing "$folder" >"$folder/settings"
set -a
. "$folder/settings"
PORTAL_SECRET_KEY=$(random) PORTAL_SECRET_NUMBER_KEY=$(random) PORTAL_PASSWORD_PEPPER=$(random)
CANDIDATES_URL=https://results.example.org CENTRES_URL=https://centres.example.org
STAFF_URL=https://staff.example.org CENTRE_EMAIL=exams@example.org EMAIL_URL=smtp://127.0.0.1:25
set +a
for face in candidates centres staff; do
	PORTAL_FACE=$face .venv/bin/python manage.py check --deploy --fail-level WARNING
done
.venv/bin/python manage.py makemigrations --check --dry-run
