"""Numbers that people quote, drawn from a PostgreSQL sequence when the row is inserted."""

from django.db.migrations.operations import RunSQL
from django.db.models import BigIntegerField, Func, Value


class NextNumber(Func):
    """`nextval('<name>')`, for a `db_default`; gaps are allowed, repeats are not."""

    function = "nextval"
    output_field = BigIntegerField()

    def __init__(self, name: str) -> None:
        super().__init__(Value(name))
        self.name = name

    def deconstruct(self) -> tuple[str, list[str], dict[str, str]]:
        return "convergence.database.sequences.NextNumber", [self.name], {}


def create_sequence(name: str, *, start: int) -> RunSQL:
    """Migration operation that makes the sequence behind `NextNumber(name)`."""
    return RunSQL(f"CREATE SEQUENCE {name} START {start}", f"DROP SEQUENCE {name}")
