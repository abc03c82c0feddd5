"""P9: a dossier frozen, sealed and written: 150 answers and 100 files already hashed, in one transaction."""

import time

from benchmarks import world
from benchmarks.harness import Bench, Figure, measure

RATIO = 10.0


@measure("P9", what="freezing 150 answers and 100 files already hashed", bar="≤ 10 F (aim 3), one transaction")
def freeze(bench: Bench) -> Figure:
    """`generate_dossier` in this process, against the floor's page; its statements are counted once."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from referencing.dossier.models import DossierFile
    from referencing.dossier.services import generate_dossier

    enrolment = world.make_enrolment(world.publish_wide_grid())
    world.answer_orientation(enrolment.response)
    world.answer_criteria(enrolment.response)
    world.finish(enrolment.response, world.WIDE)
    editor = world.get_editor()

    def once() -> float:
        began = time.perf_counter()
        generate_dossier(enrolment_id=enrolment.pk, actor=editor)
        return time.perf_counter() - began

    with CaptureQueriesContext(connection) as captured:
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=editor)
    files = DossierFile.objects.filter(dossier=dossier).count()
    statements = [query["sql"] for query in captured.captured_queries]
    frozen = statements[: statements.index("COMMIT") + 1]
    writes = [each.split(" ", 3)[2] for each in frozen if each.startswith("INSERT")]
    is_one = {'"dossier_dossier"', '"dossier_dossierfile"', '"audit_auditentry"'} <= set(writes)
    ratio, raw = bench.compare(once, times=10)
    return Figure(
        value=ratio,
        unit="F",
        passes=ratio <= RATIO and is_one and files == world.FILES,
        raw={**raw, "statements": len(statements), "in_transaction": len(frozen), "files": files},
        note=f"{len(frozen)} statements in the transaction, {len(statements) - len(frozen)} to tell people; {files} files",
    )
