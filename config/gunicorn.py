"""Configures the web server; gunicorn reads this file."""

import os
from typing import TYPE_CHECKING, Any

from config.embedded import private_folder
from config.env import read_environment

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

_env = read_environment()

if _env.metrics_token:
    # Where the processes add up what they count; read when prometheus_client is first imported, which is after this.
    _counts = private_folder(private_folder(_env.data_dir.resolve()) / "metrics")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_counts)

    def on_starting(_server: "Arbiter") -> None:
        """What an earlier run counted is over."""
        for file in _counts.glob("*.db"):
            file.unlink()

    def child_exit(_server: "Arbiter", worker: "Worker") -> None:
        from prometheus_client import multiprocess

        mark: Any = multiprocess.mark_process_dead
        mark(worker.pid)


wsgi_app = "config.wsgi:application"
bind = f"{_env.bind}:{_env.port}"
workers = _env.web_workers
worker_class = "config.guards.web_worker.ArrivedThreadWorker"
threads = 4
timeout = 60
graceful_timeout = 4  # shorter than the process manager's patience
max_requests = 5000
max_requests_jitter = 500
# X-Forwarded-* headers are judged in one place, clinic.middleware.TrustedProxyMiddleware.
forwarded_allow_ips = ""
control_socket_disable = True
# The application writes one line a request itself, with the route in place of the address asked for.
accesslog = None
logger_class = "config.logs.WebServerLogger"
loglevel = "warning" if _env.log_level == "INFO" else _env.log_level.lower()
