"""Settings common to every environment. What differs between machines comes from the environment (`.env.example`)."""

import sys
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

from convergence.embedded.postgres import Cluster
from convergence.settings.logging import configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env("SITE_URL", default="http://localhost:8000")

INSTALLED_APPS = [
    "django_prometheus",
    "django_structlog",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "convergence.settings.static_files.PrunedStaticFilesConfig",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rules.apps.AutodiscoverRulesConfig",
    "widget_tweaks",
    "dsfr",
    "django_htmx",
    "template_partials",
    "csp",
    "pgtrigger",
    "django_fsm",
    "django_celery_results",
    "rest_framework",
    "drf_spectacular",
    "phonenumber_field",
    # ours, from the bottom of the house to the top
    "convergence.database",
    "convergence.ui",
    "convergence.audit",
    "convergence.jobs",
    "convergence.documents",
    "convergence.notifications",
    "convergence.accounts",
    "convergence.drafts",
    "convergence.products",
    "convergence.interests",
    "evidence",
    "questionnaires",
    "ecoscore",
    "referencing.enrolment",
    "referencing.teamwork",
    "referencing.convention",
    "referencing.dossier",
    "referencing.candidature",
    "referencing.commission",
    "referencing.decision",
    "referencing.listing",
    "convergence.trust",
    "convergence.statistics",
    "convergence.pages",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "convergence.pages.middleware.ResponseHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "convergence.ui.middleware.MaintenanceMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "convergence.accounts.support.SupportMiddleware",
    "convergence.accounts.middleware.SecondFactorMiddleware",
    "convergence.accounts.middleware.RefusedFormMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "convergence.urls"
WSGI_APPLICATION = "convergence.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "convergence.pages.context_processors.brand",
                "convergence.pages.context_processors.chrome",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Language and time: pages in French, stored in UTC, shown in Paris time.
LANGUAGE_CODE = "fr-fr"
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True
PHONENUMBER_DEFAULT_REGION = "FR"

# Database. Two roles: the owner changes the schema; the application can neither drop a trigger nor truncate a table.
OWNER_COMMANDS = {"migrate", "createcachetable", "grant_app_role", "prepare_database"}
if database_url := env("DATABASE_URL", default=""):
    _owner_url = env("DATABASE_OWNER_URL", default=database_url)
    _app_database = env.db_url_config(database_url)
    _owner_database = env.db_url_config(_owner_url)
else:
    _cluster = Cluster(VAR_DIR, env("EMBEDDED_CLUSTER", default="main"))
    _app_database = _cluster.django_database(owner=False)
    _owner_database = _cluster.django_database(owner=True)
APP_ROLE = _app_database["USER"]
_is_owner = len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **(_owner_database if _is_owner else _app_database),
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 5},
            # convergence.database.statements alone prepares; some connection poolers cannot follow
            "prepare_threshold": 0 if env.bool("DATABASE_PREPARE", default=True) else None,
        },
    }
}
# Tables that the application may read and extend, never change; `manage.py grant_app_role` keeps it so.
APPEND_ONLY_TABLES: list[str] = [
    "django_migrations",
    "audit_auditentry",
    "dossier_dossier",
    "dossier_dossierfile",
    "dossier_recoveredvalue",
    "dossier_sealedcopy",
    "enrolment_dissolution",
    "candidature_recoveredsupplement",
    "teamwork_message",
    "interests_interestdeclaration",
    "interests_declaredinterest",
    "commission_convocation",
    "commission_ballot",
    "commission_secretballot",
    "commission_opinion",
    "commission_reservationanswer",
    "commission_erratum",
    "listing_listingreminder",
    "listing_auditdraw",
    "listing_auditseed",
    "listing_auditexchange",
    "listing_auditdocument",
    "listing_auditvisit",
    "listing_publicationversion",
    "ecoscore_scenario",
    "ecoscore_result",
]
# PostgreSQL asks for an UPDATE right before it locks a row (`FOR UPDATE`): these get it on their key alone, and the
# trigger of the table still refuses any change.
LOCKABLE_COLUMNS: dict[str, str] = {"dossier_dossier": "id"}

REDIS_URL = env("REDIS_URL", default="")
# Rate limits of the login pages need a cache shared by all processes.
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}
    )
}

# Jobs: Celery carries only ids; rows are the truth (convergence.jobs).
BROKER_DIR = VAR_DIR / "broker"
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    # Without the two restore settings a task held by a killed worker comes back only after minutes.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
else:
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "store_processed": False,
        "polling_interval": 0.2,
    }
    for _folder in ("queue", "control"):
        (BROKER_DIR / _folder).mkdir(parents=True, exist_ok=True)
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
# The bench measures one application at a time and nothing else: its own queue, its own worker.
CELERY_TASK_ROUTES = {"ecoscore.measure_next": {"queue": "bench"}}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "requeue-stale-jobs": {"task": "jobs.requeue_stale", "schedule": 15},
    "delete-expired-jobs": {"task": "jobs.delete_expired", "schedule": 3600},
    "request-missing-scans": {"task": "evidence.request_missing_scans", "schedule": 300},
    "expire-signing-links": {"task": "convention.expire_links", "schedule": 600},
    "expire-pre-listings": {"task": "candidature.expire_pre_listings", "schedule": 3600},
    "follow-attachments": {"task": "enrolment.follow_attachments", "schedule": 3600},
    "follow-transfers": {"task": "enrolment.follow_transfers", "schedule": 3600},
    "delete-old-drafts": {"task": "drafts.delete_old", "schedule": 86400},
    # in the daytime of Paris, several times: what a stopped machine missed is said when it is back, and once only
    "remind-deadlines": {"task": "candidature.remind_deadlines", "schedule": crontab(minute="0", hour="7-19")},
    "remind-delegations": {"task": "teamwork.remind_delegations", "schedule": crontab(minute="10", hour="7-19")},
    "presume-notifications": {"task": "decision.presume_notifications", "schedule": crontab(minute="20", hour="7-19")},
    "reject-silent-appeals": {"task": "decision.reject_silent_appeals", "schedule": crontab(minute="25", hour="7-19")},
    "remind-injunctions": {"task": "decision.remind_injunctions", "schedule": crontab(minute="25", hour="7-19")},
    "remind-reservations": {"task": "commission.remind_reservations", "schedule": crontab(minute="20", hour="7-19")},
    "remind-interests": {"task": "candidature.remind_interests", "schedule": crontab(minute="15", hour="7-19")},
    "remind-commission": {"task": "commission.remind_to_declare", "schedule": crontab(minute="30", hour="7-19")},
    "expire-listings": {"task": "listing.expire", "schedule": 600},
    "follow-listings": {"task": "listing.follow", "schedule": crontab(minute="30", hour="7-19")},
    "refresh-statistics": {"task": "statistics.refresh", "schedule": 300},
    "rebuild-statistics": {"task": "statistics.rebuild", "schedule": crontab(minute="40", hour="3")},
    "sweep-incoming-files": {"task": "evidence.sweep", "schedule": 3600},
    # a bench that died is found out, and one that sleeps is woken, well within a minute
    "watch-bench": {"task": "ecoscore.watch", "schedule": 10},
}

# Files. `default` is private: no URL, served only by views that check a permission.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = VAR_DIR / "files"
FILE_UPLOAD_HANDLERS = ["evidence.uploads.HashingUploadHandler"]
# A questionnaire posts one file input per expected evidence, and empty ones count too.
DATA_UPLOAD_MAX_NUMBER_FILES = 600
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(MEDIA_ROOT),
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if s3_bucket := env("S3_BUCKET", default=""):
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": s3_bucket,
            "endpoint_url": env("S3_ENDPOINT_URL", default=None),
            "region_name": env("S3_REGION", default=None),
            "access_key": env("S3_ACCESS_KEY", default=None),
            "secret_key": env("S3_SECRET_KEY", default=None),
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
        },
    }
else:
    MEDIA_ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "convergence.accounts.backends.PersonBackend",
    "convergence.accounts.backends.LoginBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up, and only there
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_ADAPTER = "convergence.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "convergence.accounts.login_forms.LoginForm",
    "signup": "convergence.accounts.login_forms.SignupForm",
    "add_email": "convergence.accounts.login_forms.EmailForm",
    "change_password": "convergence.accounts.login_forms.ChangePasswordForm",
    "set_password": "convergence.accounts.login_forms.SetPasswordForm",
    "reset_password": "convergence.accounts.login_forms.ResetPasswordForm",
    "reset_password_from_key": "convergence.accounts.login_forms.ResetPasswordKeyForm",
    "reauthenticate": "convergence.accounts.login_forms.ReauthenticateForm",
}
MFA_ADAPTER = "convergence.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "convergence.accounts.login_forms.CodeForm",
    "reauthenticate": "convergence.accounts.login_forms.ReauthenticateCodeForm",
    "activate_totp": "convergence.accounts.login_forms.ActivateTotpForm",
    "deactivate_totp": "convergence.accounts.login_forms.DeactivateTotpForm",
    "generate_recovery_codes": "convergence.accounts.login_forms.GenerateCodesForm",
    "add_webauthn": "convergence.accounts.login_forms.AddKeyForm",
    "edit_webauthn": "convergence.accounts.login_forms.EditKeyForm",
}
MFA_TOTP_ISSUER = env("BRAND_NAME", default="Convergence")
MFA_TOTP_TOLERANCE = 1  # the code before and the code after: phones are rarely on time
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
SOCIALACCOUNT_ADAPTER = "convergence.accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_FORMS = {"signup": "convergence.accounts.login_forms.SocialSignupForm"}
# A link, not a form: `form-action 'self'` refuses a form that ends at the provider. The `state` value guards the way back.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_AUTO_SIGNUP = False  # first and last name are checked by their owner
# OpenID Connect providers (ProConnect, Pro Santé Connect…), a JSON list of allauth "APPS" entries.
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {"openid_connect": {"APPS": env.json("OIDC_PROVIDERS", default=[])}}

# Sessions and cookies
SESSION_ENGINE = "convergence.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 12
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # data: for the icons in the design system's stylesheet and the TOTP enrolment code
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"
)

# Pages
CSRF_FAILURE_VIEW = "convergence.ui.views.csrf_failure"
# 503 everywhere while on: by setting, or without a restart by creating the file.
MAINTENANCE = env.bool("MAINTENANCE", default=False)
MAINTENANCE_FILE = VAR_DIR / "maintenance"

# Mail
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Convergence <ne-pas-repondre@convergence.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Outside services; empty means: use the embedded stand-in, which says what it is.
CLAMD_URL = env("CLAMD_URL", default="")
TSA_URL = env("TSA_URL", default="")
SIGNATURE_PROVIDER = env("SIGNATURE_PROVIDER", default="embedded")
YOUSIGN_API_URL = env("YOUSIGN_API_URL", default="")
YOUSIGN_API_KEY = env("YOUSIGN_API_KEY", default="")
YOUSIGN_WEBHOOK_SECRET = env("YOUSIGN_WEBHOOK_SECRET", default="")
# Demonstration keys are made there on first use; a real seal comes from the PKCS#12 file.
SIGNATURE_DIR = env("SIGNATURE_DIR", default=str(VAR_DIR / "authority"))
SIGNATURE_TRUST_PEM = env("SIGNATURE_TRUST_PEM", default="")
SEAL_PKCS12_PATH = env("SEAL_PKCS12_PATH", default="")
SEAL_PKCS12_PASSWORD = env("SEAL_PKCS12_PASSWORD", default="")
COMPANY_LOOKUP_URL = env("COMPANY_LOOKUP_URL", default="")
# Fields encrypted at rest: newest key first, older ones still decrypt. Empty: derived from SECRET_KEY.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
METRICS_TOKEN = env("METRICS_TOKEN", default="")

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {"TITLE": "Convergence", "VERSION": "1", "SERVE_INCLUDE_SCHEMA": False}

# Declarations of interests (L.1452-3 CSP): how long one is valid, and how long an ended link still bars from a file.
INTERESTS: dict[str, Any] = {
    "VALID_DAYS": env.int("INTERESTS_VALID_DAYS", default=365),
    "LOOK_BACK_YEARS": env.int("INTERESTS_LOOK_BACK_YEARS", default=5),
    "REMIND_DAYS": [30, 7, 0],
}

# Products that change hands: calendar days to answer an offer, as many as a producer has for a demand of attachment.
TRANSFERS: dict[str, Any] = {"ANSWER_DAYS": env.int("TRANSFERS_ANSWER_DAYS", default=30)}

# Écoscore. The bench reaches public addresses only; the demo alone lifts this, to measure its own site on loopback.
ECOSCORE_ALLOW_PRIVATE = False
ECOSCORE: dict[str, Any] = {
    # what measures: (plan, *, runs, pause_ms, allow_private, secrets, watcher) -> Measurement
    "RUNNER": "ecoscore.bench.runner.measure",
    "RUNS": 3,
    "PAUSE_MS": 5_000,
    "FINAL_PAUSE_MS": 30_000,
    # the small site of the demo world, served by `make demo`
    "DEMO_SITE": "http://127.0.0.1:8010",
    # a bench without a sign of life for that long is given up
    "LEASE_SECONDS": 30,
    "LONGEST_SECONDS": env.int("ECOSCORE_LONGEST_SECONDS", default=3600),
}

# Life of a listing: delays that an operator may take differently. Months of the audits are those of the arrêté (BR-174).
LISTING_LIFE: dict[str, Any] = {
    "RENEWAL_DAYS": env.int("LISTING_RENEWAL_DAYS", default=120),
    "REMINDER_DAYS": [120, 90, 60, 30, 7],
    "VERSION_UPDATE_DAYS": env.int("LISTING_VERSION_UPDATE_DAYS", default=30),
    "OBSERVATION_DAYS": env.int("LISTING_OBSERVATION_DAYS", default=15),
    "PUBLICATION_MONTHS": env.int("LISTING_PUBLICATION_MONTHS", default=6),
    "AUDIT_REST_MONTHS": 12,
    # how long after the end of a report the address of who wrote it is kept
    "REPORTER_DAYS": env.int("LISTING_REPORTER_DAYS", default=180),
    # per address and hour: people report a service once, robots do not stop
    "REPORTS_PER_HOUR": env.int("LISTING_REPORTS_PER_HOUR", default=5),
}

# The house's own settings: brand, contacts, and the decisions an operator may take differently.
CONVERGENCE: dict[str, Any] = {
    "BRAND_NAME": env("BRAND_NAME", default="Convergence"),
    "BRAND_TAGLINE": env("BRAND_TAGLINE", default="Référencement des services numériques en santé"),
    "OPERATOR_NAME": env("OPERATOR_NAME", default="Opérateur de la plateforme"),
    "CONTACT_EMAIL": env("CONTACT_EMAIL", default="contact@convergence.example"),
    # pairs (label, address)
    "FOOTER_LINKS": [
        ("Accessibilité : non évaluée", "/accessibilite/"),
        ("FAQ", "/faq/"),
        ("Catalogue", "/catalogue/"),
        ("Vérifier un document", "/verifier/"),
        ("Statistiques", "/statistiques/"),
    ],
    # the operator’s own FAQ; ours when empty
    "FAQ_URL": env("FAQ_URL", default=""),
    # licence of the data that anybody may download (statistics): name and address
    "DATA_LICENCE": (
        env("DATA_LICENCE", default="Licence Ouverte 2.0"),
        env("DATA_LICENCE_URL", default="https://www.etalab.gouv.fr/licence-ouverte-open-licence/"),
    ),
    # Only convergence.settings.demo turns it on, and no environment variable can.
    "DEMO_MODE": False,
}

LOGGING = configure_logging(level=env("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=True))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
