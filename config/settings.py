"""Django settings. Every choice a site may make comes from config.env; the rest is decided on this page."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import connections, logs
from config.embedded import get_secret_key, private_folder
from config.env import read_environment
from config.guards.request_guard import PROGRAM_PATHS
from config.webhook_providers import anymail_settings, read_providers

django_stubs_ext.monkeypatch()  # lets classes such as ModelAdmin be written with their type arguments

ENV = read_environment()
PRODUCTION = ENV.profile == "production"
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = private_folder(ENV.data_dir.resolve())

SECRET_KEY = ENV.secret_key.get_secret_value() if ENV.secret_key else get_secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = [key.get_secret_value() for key in ENV.secret_key_fallbacks]
# With the first new seals are made; with any of them seals are checked.
HISTORY_KEYS = ENV.history_key.get_secret_value().replace(" ", "").split(",") if ENV.history_key else []
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts or ["127.0.0.1", "localhost", "[::1]"]
PUBLIC_URL = ENV.public_url or f"http://127.0.0.1:{ENV.port}"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
TRUSTED_PROXIES = ENV.trusted_proxies

INSTALLED_APPS = [
    "history",
    "clinic",
    "patients",
    "desk",
    "recalls",
    "notifications",
    "exchange",
    "exchange.fhir",
    "reports",
    "portal",
    "site_setup",
    "records",
    "retention",
    "operations",
    "config.apps.RecallDeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "anymail",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_structlog",
]
if not PRODUCTION:
    INSTALLED_APPS.append("demo")  # its packages are an extra that a production installation goes without

MIDDLEWARE = [
    "config.guards.stack_room.StackRoomMiddleware",
    "operations.answer_headers.AnswerHeadersMiddleware",
    "clinic.middleware.TrustedProxyMiddleware",
    "config.guards.request_limits.RequestLimitsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic.middleware.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.guards.request_guard.RequestGuardMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.middleware.SessionTimeoutMiddleware",
    "clinic.accounts.middleware.RefusalLogMiddleware",
    "clinic.access.rate_limit.RateLimitMiddleware",
    "desk.middleware.KeptFormMiddleware",
    "clinic.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.accounts.second_factor.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "desk.write_refusals.WriteRefusedMiddleware",
    "desk.access_log.AccessLogMiddleware",
]

# Figures for Prometheus; nothing is counted where nobody may ask.
METRICS_TOKEN = ENV.metrics_token.get_secret_value() if ENV.metrics_token else ""
if METRICS_TOKEN:
    MIDDLEWARE.insert(0, "django_prometheus.middleware.PrometheusBeforeMiddleware")
    MIDDLEWARE.append("django_prometheus.middleware.PrometheusAfterMiddleware")

# Spans for OpenTelemetry, likewise.
TRACES_URL = ENV.traces_url or ""
if TRACES_URL:
    MIDDLEWARE.insert(
        MIDDLEWARE.index("clinic.middleware.RequestLogMiddleware") + 1, "operations.tracing.TraceMiddleware"
    )

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

DATABASES: dict[str, Any] = {
    "default": connections.database_settings(ENV.database_url, DATA_DIR, is_pooled=ENV.database_pooled)
}
if ENV.reports_database_url:
    DATABASES["reports"] = connections.database_settings(ENV.reports_database_url, DATA_DIR)
    DATABASE_ROUTERS = ["desk.read_copy.ReadCopyRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Nothing a person sees may hang on a cache that can be away, so it stays in each process.
CACHES: dict[str, Any] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Who may come in.
AUTH_USER_MODEL = "clinic.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "clinic.backends.StaffBackend"]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "clinic.accounts.passwords.GuessedPasswordValidator"},
]
ACCOUNT_ADAPTER = "clinic.accounts.adapter.StaffAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(timedelta(minutes=10).total_seconds())
# Roles that must have a second factor; whoever has one is always asked for it.
SECOND_FACTOR_ROLES = frozenset(ENV.second_factor_roles or (["all"] if PRODUCTION else []))
MFA_ADAPTER = "clinic.accounts.mfa_adapter.StaffMFAAdapter"
MFA_FORMS = {
    "authenticate": "clinic.accounts.mfa_forms.CodeForm",
    "reauthenticate": "clinic.accounts.mfa_forms.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Recall Desk"
MFA_TOTP_TOLERANCE = 0  # the code of this half minute alone: servers and phones keep their clocks by the network
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
# Single sign-on: the name of the house's sign-in, and which of its groups means which role.
SSO_NAME = ENV.sso_name if ENV.sso_url else ""
SSO_GROUPS_CLAIM = ENV.sso_groups_claim
SSO_GROUPS = dict(pair.split("=", 1) for pair in ENV.sso_groups)
SOCIALACCOUNT_ADAPTER = "clinic.accounts.sso.StaffSocialAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = connections.single_sign_on(ENV)
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_VERBOSE = False

CSRF_FAILURE_VIEW = "desk.middleware.keep_form_of_older_sign_in"
SESSION_ENGINE = "desk.write_refusals"
SESSION_SERIALIZER = "desk.encrypted_sessions.EncryptedSerializer"
SESSION_IDLE_TIMEOUT = timedelta(minutes=15)
SESSION_ABSOLUTE_TIMEOUT = timedelta(hours=12)
SESSION_WARNING = timedelta(minutes=2)  # before its end
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE_TIMEOUT.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# Sentences such as "Saved" may name a person, so they stay on the server.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
if PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_NAME = "__Host-language"
    LANGUAGE_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/(live/|ready/)?$", r"^metrics/$"]  # asked for inside, behind the proxy
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT += [
        f"^{path.strip('/')}" for path in PROGRAM_PATHS
    ]  # refused instead: RequestGuardMiddleware
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # TrustedProxyMiddleware drops a stranger's
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's style sheet carries its small icons as data addresses
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# Hosts that webhooks may reach though they are in this network, or without TLS.
WEBHOOK_HOSTS = ENV.webhook_hosts
TEXT_LINK_HOSTS = ENV.text_link_hosts

# Words and time: stored in UTC; each site's own zone is applied where a day is meant.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Where "Show on a map" of the patient's page leads; empty shows no such link. Nothing is ever loaded from there.
MAP_SEARCH_URL = "https://www.openstreetmap.org/search"

# How often a page that shows the live map asks for its figures anew.
MAP_REFRESH_SECONDS = 15

# Who is told each hour that no recall is without a next step, and where the sheet for a day without the system lies.
LOOP_PING_URL = ENV.loop_ping_url.get_secret_value() if ENV.loop_ping_url else ""
LOOP_FILE = DATA_DIR / "loop-checked.json"
DOWNTIME_SHEET = ENV.downtime_sheet
DOWNTIME_DIR = (ENV.downtime_dir or DATA_DIR / "downtime").resolve()

# Where an uploaded results file lies until it is loaded; web server and worker must both see it.
UPLOAD_DIR = DATA_DIR / "uploads"
FILE_UPLOAD_HANDLERS = [
    "config.guards.request_limits.ExpectedFilesOnly",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# The same for files of bulk exports, until a day after they were written.
FHIR_EXPORT_DIR = DATA_DIR / "fhir-exports"
# Where letters made in bulk lie for a week; web server and worker must both see it.
LETTER_DIR = DATA_DIR / "letters"

# Copies of the database, encrypted for these keys: where they lie and how many stay.
BACKUP_RECIPIENTS = ENV.backup_recipients
BACKUP_DIR = (ENV.backup_dir or DATA_DIR / "backups").resolve()
BACKUP_KEEP = ENV.backup_keep
BACKUP_HOUR = ENV.backup_hour

# Mail. In a plain embedded installation it never leaves the machine: the app itself shows it.
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = ENV.default_from_email or "Recall Desk <recalls@example.org>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_INBOX_DIR = DATA_DIR / "mail"
# Of the series about breast health; empty: none is offered and none is sent.
EDUCATION_FROM_EMAIL = ENV.education_from_email or ""
BOUNCE_ADDRESS = ENV.bounce_address or ""
MAIL_PER_DOMAIN_PER_MINUTE = ENV.mail_per_domain_per_minute
# Reports of a mail provider (delivered, came back, unwanted) are taken only from one who knows the secret.
ANYMAIL = anymail_settings(ENV.webhook_secret, ENV.webhook_providers)
WEBHOOK_PROVIDERS = frozenset(read_providers(ENV.webhook_providers))
if ENV.email_url:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    globals().update(connections.email_settings(ENV.email_url))
else:
    EMAIL_BACKEND = "notifications.backends.maildir.EmailBackend"

# Whom the watch tells what is late or down, and over which mail server: the arguments of its connection.
ALERT_EMAIL = ENV.alert_email
ALERT_EMAIL_SERVER = connections.alert_email_server(ENV.alert_email_url)
ALERT_WEBHOOK_URL = ENV.alert_webhook_url.get_secret_value() if ENV.alert_webhook_url else ""

# Where the head of the history is kept each hour, outside the database.
HISTORY_HEAD_FILE = (ENV.history_head_file or DATA_DIR / "history-heads.jsonl").resolve()
HISTORY_HEAD_SYSLOG = ENV.history_head_syslog or ""
HISTORY_HEAD_EMAIL = ENV.history_head_email

# Text messages. Empty: none are sent, and the next channel takes over.
SMS_URL = ENV.sms_url.get_secret_value() if ENV.sms_url else "" if ENV.email_url or PRODUCTION else "file://"

REDIS_URL = connections.get_redis_url(ENV.redis_url, DATA_DIR)
# Counts of requests alone, which each process keeps for itself while Redis is away.
CACHES["shared"] = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": REDIS_URL,
    "KEY_PREFIX": "recalldesk",
    "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
}
USER_REQUESTS_PER_MINUTE = 1200  # twenty a second: no person, and no page that asks by itself
ADDRESS_REQUESTS_PER_MINUTE = 600  # of strangers: a hospital that signs in behind one address
CELERY = connections.celery_settings(REDIS_URL, concurrency=ENV.worker_concurrency, data_dir=DATA_DIR)

LOGGING_CONFIG = "config.logs.configure_logging"
LOGGING = logs.logging_config(ENV.log_level)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = ""
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.logs.PatientDataReporterFilter"
