"""How the shop is served: one process with threads; on SIGTERM it finishes what it has begun."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from config import NAME, port  # noqa: E402

chdir = here
bind = f"127.0.0.1:{port(NAME)}"
workers = 1
worker_class = "gthread"
threads = 32
graceful_timeout = 3
loglevel = "warning"
