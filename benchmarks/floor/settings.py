"""As little Django as serves a page, with the product's own way of reaching the same database server."""

import os
from pathlib import Path

SECRET_KEY = "floor"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.floor.urls"
INSTALLED_APPS: list[str] = []
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent / "templates"]}
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "convergence",
        "HOST": os.environ.get("FLOOR_HOST", ""),
        "PORT": os.environ.get("FLOOR_PORT", ""),
        "USER": os.environ.get("FLOOR_USER", ""),
        "PASSWORD": os.environ.get("FLOOR_PASSWORD", ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8}},
    }
}
USE_TZ = True
