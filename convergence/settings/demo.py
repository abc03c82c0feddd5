"""`make demo`: one machine, plain http on localhost, a world of invented people, mails read in a page."""

import secrets

from convergence.settings.base import *  # noqa: F403
from convergence.settings.base import CONVERGENCE, ECOSCORE, VAR_DIR, configure_logging, env


def _demo_secret() -> str:
    """Return this checkout's own key, made on first use; its prefix makes production refuse it."""
    path = VAR_DIR / "demo-secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("insecure-demo-" + secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _demo_secret()
PORT = env.int("PORT", default=8000)
# WebAuthn refuses IP addresses, hence `localhost` everywhere.
SITE_URL = f"http://localhost:{PORT}"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
EMAIL_BACKEND = "convergence.notifications.demo_mail.DemoMailBackend"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
CONVERGENCE["DEMO_MODE"] = True
ECOSCORE_ALLOW_PRIVATE = True
ECOSCORE["DEMO_SITE"] = f"http://127.0.0.1:{PORT + 10}"
ECOSCORE["FINAL_PAUSE_MS"] = ECOSCORE["PAUSE_MS"]  # a newcomer sees a final measure in under three minutes
LOGGING = configure_logging(level=env("LOG_LEVEL", default="INFO"), as_json=False)
