"""P3: one answer saved while it is typed — write, visibility, counters, journal — on our grid, mostly answered."""

import itertools
import time
from http import HTTPStatus
from io import StringIO
from urllib.parse import urlencode

from benchmarks.harness import Bench, Client, Figure, measure

EDITOR = "mandataire@editeur.example"
GRID = "fixtures/grids/referencement-guide/2024.12.yaml"


def make_enrolment() -> str:
    """An enrolment of the demo editor, its orientation validated by the services; returns its key."""
    from django.core.management import call_command
    from django.utils import timezone

    from convergence.accounts.models import User
    from convergence.products.enums import Interest, ProductType
    from convergence.products.models import Demarche, Product
    from questionnaires.access import AccessPolicy
    from questionnaires.core import QuestionType
    from questionnaires.services import (
        Change,
        latest_definition,
        load_grid,
        open_orientation,
        open_response,
        save_answers,
        validate,
    )
    from referencing.enrolment.enums import WhiteLabelRole
    from referencing.enrolment.models import AdministrativeSheet, Enrolment

    call_command("load_parcours", verbosity=0)
    call_command("grid_import", GRID, publish=True, verbosity=0, stdout=StringIO())
    demarche = Demarche.objects.get(slug="referencement-guide")
    editor = User.objects.get(email=EDITOR)
    organisation = editor.memberships.get().organisation
    definition = latest_definition(demarche)
    if definition is None:
        raise RuntimeError("no grid is published")
    response = open_response(definition=definition)
    product = Product.objects.create(
        organisation=organisation,
        name=f"Mesure {time.time_ns()}",
        version="1",
        type=ProductType.SOCLE,
        owner=editor,
        created_by=editor,
        description="Produit des mesures.",
        interests=[Interest.MES],
    )
    enrolment = Enrolment.objects.create(
        product=product, demarche=demarche, response=response, white_label=WhiteLabelRole.NONE, created_by=editor
    )
    AdministrativeSheet.objects.create(enrolment=enrolment)
    open_orientation(response=response)
    access = AccessPolicy(owner_key="bench", may_read=True, may_write=True, may_validate=True)
    sample: dict[QuestionType, object] = {
        QuestionType.BOOLEAN: "oui",
        QuestionType.URL: "https://exemple.fr",
        QuestionType.EMAIL: "aide@exemple.fr",
        QuestionType.NUMBER: 12,
        QuestionType.DATE: "2024-07-08",
    }
    changes = {}
    for question in load_grid(definition).questions.values():
        value = sample.get(question.type, "Une réponse de mesure")
        if question.choices:
            values = [each for each in question.values if each != question.exclusive]
            value = values if question.type is QuestionType.MULTIPLE_CHOICE else values[0]
        changes[question.code] = Change(value=value)
    done = {
        "response": response,
        "questionnaire": "orientation",
        "actor": editor,
        "at": timezone.now(),
        "access": access,
    }
    save_answers(changes=changes, **done)  # type: ignore[arg-type]
    validate(**done)  # type: ignore[arg-type]
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
    autosave = Autosave(bench.client(EDITOR), make_enrolment())
    ratio, raw = bench.compare(autosave.once, times=30)
    return Figure(ratio, "F", ratio <= 3, raw, note="10 SQL by request, of which 5 in the service (tests)")
