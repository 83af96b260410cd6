"""gunicorn for one face; the address comes by --bind.

Threads wait for the database while others work; Argon2 releases the GIL, so one process a core is enough.
"""

import multiprocessing
import os
from pathlib import Path

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or multiprocessing.cpu_count())
threads = int(os.environ.get("WEB_THREADS", "8"))
keepalive = 5  # seconds
timeout = 30  # seconds without a sign of life; then the worker is replaced
graceful_timeout = 10  # seconds for requests in flight at a stop
# In memory: a slow disk must not look like a dead worker.
shared_memory = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(shared_memory) if shared_memory.is_dir() else None
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
control_socket_disable = True  # nothing but the face listens
