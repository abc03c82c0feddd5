from referencing.decision.models.decision import Decision

__all__ = ["Decision"]
