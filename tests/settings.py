"""Settings of the tests: throwaway folders, a quick password hash, and no broker.

The database file, the mail and the static files lie in a throwaway folder; the password hash is quick; messages to
workers go nowhere, as if the broker had lost them all. A test that needs real processes starts them with the real
settings (tests/support).
"""

import os
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="recalldesk-tests-"))
(SCRATCH / "static").mkdir()
os.environ["DATA_DIR"] = str(SCRATCH)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the browser tests' library keeps an event loop in the test's thread
for name in (
    "RECALLDESK_PROFILE",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "EMAIL_URL",
    "SMS_URL",
    "DEBUG",
    "TRUSTED_PROXIES",
):
    os.environ.pop(name, None)  # a developer's shell must not change what the tests see

from config.settings import *  # noqa: E402, F403
from config.settings import CACHES, CELERY, DATABASES  # noqa: E402

CELERY = {**CELERY, "broker_url": "memory://", "broker_transport_options": {}}
CACHES = {**CACHES, "shared": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "shared"}}
USER_REQUESTS_PER_MINUTE = ADDRESS_REQUESTS_PER_MINUTE = 10**9  # tests ask more often than people
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, since threads and processes of a test must meet in it; the disk need not keep it.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA recursive_triggers=ON;"
    )
    # One process runs what in a clinic many do, and each savepoint is a statement of its own.
    DATABASES["default"]["OPTIONS"]["cached_statements"] = 1_000
