"""The real settings with a short mail timeout, so that a lease ends after seconds."""

from config.settings import *  # noqa: F403

EMAIL_TIMEOUT = 1  # seconds
