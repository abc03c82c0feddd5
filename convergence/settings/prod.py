"""Production. Everything comes from the environment, and nothing weak is accepted."""

from django.core.exceptions import ImproperlyConfigured

from convergence.settings.base import *  # noqa: F403
from convergence.settings.base import ALLOWED_HOSTS, SECRET_KEY, env

for _name in ("SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS", "SITE_URL", "REDIS_URL", "EMAIL_URL", "SEAL_PKCS12_PATH"):
    if not env(_name, default=""):
        raise ImproperlyConfigured(f"{_name} is not set: production needs it (see .env.example).")
if len(SECRET_KEY) < 50 or SECRET_KEY.startswith(("insecure-", "django-insecure-")):
    raise ImproperlyConfigured("SECRET_KEY is a demo or a weak key: production needs 50 random characters or more.")
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS may not contain '*' in production.")

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
