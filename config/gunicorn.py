"""Configures the web server; gunicorn reads this file."""

from config.env import read_environment

_env = read_environment()

wsgi_app = "config.wsgi:application"
bind = f"{_env.bind}:{_env.port}"
workers = _env.web_workers
worker_class = "gthread"
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
