"""Triggers shared by rows that nobody may change."""

import pgtrigger


def frozen(prefix: str) -> list[pgtrigger.Trigger]:
    """Refuse update, delete and truncate: what is written stays as it is (BR-092, BR-117)."""
    return [
        pgtrigger.Protect(name=f"{prefix}_frozen", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(  # `Protect` knows no statement-level TRUNCATE
            name=f"{prefix}_no_truncate",
            operation=pgtrigger.Truncate,
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
        ),
    ]
