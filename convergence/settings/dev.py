"""A developer's machine: debug pages, mails on the console."""

from convergence.settings.base import *  # noqa: F403
from convergence.settings.base import STORAGES, configure_logging, env

DEBUG = True
SECRET_KEY = env("SECRET_KEY", default="insecure-dev-key-for-one-machine-only-never-for-a-server-0123456789")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
LOGGING = configure_logging(level=env("LOG_LEVEL", default="INFO"), as_json=False)
