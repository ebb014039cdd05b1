"""The real settings with django-post_office installed and a short mail timeout."""

from config.settings import *  # noqa: F403
from config.settings import DATA_DIR, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    "THREADS_PER_PROCESS": 1,
    "LOCK_FILE_NAME": str(DATA_DIR / "peer"),
}
MEDIA_ROOT = DATA_DIR / "peer-files"
EMAIL_TIMEOUT = 1  # seconds; a lease of ours then ends after six
