"""The real settings with an impatient mail client: a lease then ends after seconds and not minutes."""

from config.settings import *  # noqa: F403

EMAIL_TIMEOUT = 1  # seconds
