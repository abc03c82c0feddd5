"""P3: one answer saved while it is typed — write, visibility, counters, journal — on our grid, mostly answered."""

import itertools
import time
from http import HTTPStatus
from urllib.parse import urlencode

from benchmarks import world
from benchmarks.harness import Bench, Client, Figure, measure

DEMARCHE = "referencement-guide"


def make_enrolment() -> str:
    """An enrolment of the demo editor on our grid, its orientation validated; returns its key."""
    from convergence.products.models import Demarche
    from questionnaires.services import latest_definition

    definition = latest_definition(Demarche.objects.get(slug=DEMARCHE))
    if definition is None:
        raise RuntimeError("no grid is published")
    enrolment = world.make_enrolment(definition)
    world.answer_orientation(enrolment.response)
    return str(enrolment.pk)


class Autosave:
    """The requests of a person who changes one answer again and again."""

    def __init__(self, client: Client, key: str) -> None:
        self.client = client
        self.path = f"/rattachements/{key}/orientation/enregistrer/"
        page = client.request("GET", f"/rattachements/{key}/orientation/")
        self.size = len(page.body)  # type: ignore[attr-defined]
        for name, value in page.getheaders():
            if name.lower() == "set-cookie" and value.startswith("csrftoken="):
                client.cookies["csrftoken"] = value.split(";")[0].partition("=")[2]
        self.versions = itertools.count(1)
        self.values = itertools.cycle(["non", "oui"])

    def once(self) -> float:
        """Change an answer on which several criteria depend; seconds."""
        fields = {"_fields": "Q10", "Q10": next(self.values), "Q10-version": next(self.versions)}
        began = time.perf_counter()
        response = self.client.request(
            "POST",
            self.path,
            urlencode(fields).encode(),
            **{
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.client.cookies["csrftoken"],
                "X-Autosave": "1",
            },
        )
        took = time.perf_counter() - began
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"autosave answered {response.status}: {response.body[:200]!r}")  # type: ignore[attr-defined]
        return took


@measure("P3", what="autosave of one answer: write, visibility, progress, audit", bar="≤ 3 F (aim 1.2), ≤ 12 SQL")
def autosave_one_answer(bench: Bench) -> Figure:
    """The same request whether ten or thirty questions are answered; its queries are counted by the tests."""
    autosave = Autosave(bench.client(world.EDITOR), make_enrolment())
    ratio, raw = bench.compare(autosave.once, times=30)
    return Figure(ratio, "F", ratio <= 3, raw, note="10 SQL by request, of which 5 in the service (tests)")
