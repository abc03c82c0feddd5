"""The collected static files, without the parts of the design system that no page loads (half its weight)."""

from django.contrib.staticfiles.apps import StaticFilesConfig

UNUSED = ["component", "dsfr", "layout", "core", "scheme", "legacy", "analytics"]


class PrunedStaticFilesConfig(StaticFilesConfig):
    """`dsfr.min.css` and its modules hold every component already: their separate copies are left out."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *(f"dsfr/dist/{folder}/*" for folder in UNUSED),
        # the API answers JSON only
        "rest_framework",
        "*.md",
        "*.scss",
    ]
