"""gunicorn for one face; the address comes by --bind.

Threads wait for the database while others work; Argon2 releases the GIL, so one process a core is enough.
"""

import multiprocessing
import os

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", multiprocessing.cpu_count()))
threads = int(os.environ.get("WEB_THREADS", 8))
keepalive = 5  # seconds
timeout = 30  # seconds without a sign of life; then the worker is replaced
graceful_timeout = 10  # seconds for requests in flight at a stop
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # a slow disk must not look like a dead worker
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
control_socket_disable = True  # nothing but the face listens
