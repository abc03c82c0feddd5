"""Structured logs: one JSON object per line in production, readable lines on a developer's screen."""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# What follows one of these in an address opens a door: whoever reads the logs must not be able to walk through it.
# Addresses also come quoted, after `?next=`.
SECRET_ADDRESS_PARTS: tuple[str, ...] = (
    r"/signature/(?!yousign/)",  # a representative's signing link; the other is the address a provider calls back
    r"/invitations/",
    r"/proposer/",  # a link by which somebody without an account proposes an answer
    r"/confirm-email/",
    r"/password/reset/key/",
    r"/calendrier/",  # a person's calendar feed
    "/signalements/confirmer/",
    r"[?&](?:code|token|key)=",
)
_SLASH = "(?:/|%2F)"
_SECRETS = re.compile(
    f"({'|'.join(SECRET_ADDRESS_PARTS)})".replace("/", _SLASH) + rf"(?:(?!{_SLASH})[^?&\s\"'])+", re.IGNORECASE
)


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace the secret part of every address in a log line by `…` (a structlog processor)."""
    return {name: _SECRETS.sub(r"\1…", value) if isinstance(value, str) else value for name, value in event.items()}


def configure_logging(*, level: str, as_json: bool) -> dict[str, Any]:
    """Configure structlog and return Django's `LOGGING` that renders both structlog and standard records alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.UnicodeDecoder(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    render: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, hide_secrets]
    if as_json:
        # without the local variables of each frame: they hold what people typed
        traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        render += [
            structlog.processors.ExceptionRenderer(traceback),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        render += [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": render,
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": level, "propagate": False},
            # one line per request already comes from django_structlog
            "gunicorn.access": {"handlers": [], "propagate": False},
            # its own handler writes addresses as they came
            "gunicorn.error": {"handlers": ["console"], "level": level, "propagate": False},
            # font subsetting talks at INFO for every document
            "fontTools": {"level": "WARNING"},
            "pikepdf": {"level": "WARNING"},
            "weasyprint": {"level": "ERROR"},
        },
    }
