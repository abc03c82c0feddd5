"""Convergence: the platform on which digital health services are listed."""

from convergence.celery import app as celery_app

__all__ = ["celery_app"]
