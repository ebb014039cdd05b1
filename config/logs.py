"""Configures logging, and keeps patient data out of log lines and error reports.

One JSON object a line, on standard error. Never a patient's data: exceptions are logged by type and place without
their message (a database error quotes the row, a mail error the address), Celery's failures likewise.
"""

import logging
import logging.config
import re
import sys
import traceback
from types import TracebackType
from typing import Any, TypeAlias

import structlog
from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger as GunicornLogger
from structlog.typing import EventDict, Processor, WrappedLogger

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


def logging_config(level: str) -> dict[str, Any]:
    """The logging configuration, for `configure`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"celery_failures": {"()": RedactTaskArgumentsFilter}},
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["celery_failures"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The request log has these already, with the route in place of the path.
            "django.request": {"level": "CRITICAL"},
            # Celery says the same itself, and WithoutTaskValues takes an exception's words out of that.
            "django_structlog.celery": {"level": "CRITICAL"},
            "django.server": {"handlers": [], "propagate": False},
            "django.db.backends": {"level": "INFO"},
            # Says who was locked out in words; the table behind it is what the admin shows.
            "axes": {"level": "ERROR"},
            # One line for every task, every minute: of use only when hunting a fault.
            "celery.app.trace": {"level": "WARNING" if level == "INFO" else level},
            "celery.worker.strategy": {"level": "WARNING" if level == "INFO" else level},
            "celery.beat": {"level": "WARNING" if level == "INFO" else level},
        },
    }


def configure_logging(config: dict[str, Any]) -> None:
    """Set up the standard library's logging and structlog alike; Django calls this once at start."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def strip_exception_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its chain of types and the lines it passed: enough to find it, nothing of its values."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        event["exception"] = [_describe_exception(error) for error in _exception_chain(exc_info[1])]
    return event


def _exception_chain(error: BaseException) -> list[BaseException]:
    """The exception and what led to it, latest first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _describe_exception(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


_PATIENT_LINK = re.compile(r"(/my/|/calendars/)[A-Za-z0-9_-]{16,}")


def redact_patient_links(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take the token out of a patient's link wherever it stands in a line: Django names failed paths."""
    return {key: _redact_links(value) for key, value in event.items()}


def _redact_links(value: Any) -> Any:
    match value:
        case str():
            return _PATIENT_LINK.sub(r"\1[link]", value)
        case dict():
            return {key: _redact_links(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_redact_links(inner) for inner in value]
    return value


class RedactTaskArgumentsFilter(logging.Filter):
    """Celery writes a failed task's exception and traceback into its message: keep the exception's type alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("celery") and isinstance(record.args, dict) and "exc" in record.args:
            exception = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "see the task"
            record.args = {**record.args, "exc": exception, "traceback": "", "args": "", "kwargs": ""}
        return True


class WebServerLogger(GunicornLogger):
    """gunicorn's own lines in the common form, and without the address of a request that failed."""

    def setup(self, cfg: GunicornConfig) -> None:
        configure_logging(logging_config(cfg.loglevel.upper()))
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(cfg.loglevel.upper())

    def exception(self, *_message: object, **_values: object) -> None:
        self.error_log.error("The web server could not finish a request", exc_info=True)


class PatientDataReporterFilter(SafeExceptionReporterFilter):
    """Error reports hold no form values, cookies or local variables, in any profile but a developer's own DEBUG."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return super().get_post_parameters(request) if not self.is_active(request) else {}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_safe_cookies(request) if not self.is_active(request) else {}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> Any:
        return super().get_traceback_frame_variables(request, tb_frame) if not self.is_active(request) else ()


_SHARED_PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    strip_exception_message,
    redact_patient_links,
]
