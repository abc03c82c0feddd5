"""Tests: the embedded server's own `test` cluster, nothing that leaves the process."""

import os

os.environ.setdefault("EMBEDDED_CLUSTER", "test")

from convergence.settings.base import *  # noqa: F403
from convergence.settings.base import (
    DATABASES,
    STORAGES,
    VAR_DIR,
    _owner_database,
    configure_logging,
)

SECRET_KEY = "insecure-test-key"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# As owner: creating the test database and its triggers needs it. Tests of the application role
# open their own connection.
DATABASES["default"] = {
    **_owner_database,
    "ENGINE": "django.db.backends.postgresql",
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {"prepare_threshold": 0},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["default"] = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MEDIA_ROOT = VAR_DIR / "test-files"
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
ACCOUNT_RATE_LIMITS = False
# A loaded machine may take longer than production’s five minutes from login to the page.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 24 * 60 * 60
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
# static files straight from the apps: nothing is collected for tests
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
LOGGING = configure_logging(level="WARNING", as_json=False)
