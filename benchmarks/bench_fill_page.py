"""P5: the fill page of a questionnaire of 150 criteria, half of them answered, one answer in three with a comment."""

import gzip

from benchmarks import world
from benchmarks.bench_answers import make_enrolment
from benchmarks.harness import Bench, Figure, measure

CRITERIA = 150
COMPRESSED_MAX = 60 * 1024


def widen(key: str) -> str:
    """Give the enrolment a grid whose first questionnaire holds 150 criteria; returns the address of its page."""
    from django.utils import timezone

    from questionnaires.access import AccessPolicy
    from questionnaires.services import (
        Change,
        import_definition,
        open_orientation,
        open_response,
        publish_definition,
        save_answers,
        validate,
    )
    from referencing.enrolment.models import Enrolment
    from tests.enrolment.answering.own_grid import guide_answers, wide_grid

    now = timezone.now()
    enrolment = Enrolment.objects.select_related("product__owner").get(pk=key)
    definition = import_definition(text=wide_grid(CRITERIA), actor=None)
    if definition.published_at is None:
        definition = publish_definition(definition=definition, actor=None, at=now)
    response = open_response(definition=definition)
    open_orientation(response=response)
    access = AccessPolicy(owner_key="bench", may_read=True, may_write=True, may_validate=True)
    actor = enrolment.product.owner
    orientation = {code: Change(value=value) for code, value in guide_answers().items()}
    levels = {
        f"W.{number:03d}": Change(
            value={"level": "2"}, comment="" if number % 3 else f"Mesure {number}, voir l’annexe."
        )
        for number in range(1, CRITERIA // 2)
    }
    save_answers(
        response=response, questionnaire="orientation", changes=orientation, actor=actor, at=now, access=access
    )
    validate(response=response, questionnaire="orientation", actor=actor, at=now, access=access)
    save_answers(
        response=response, questionnaire="interoperabilite", changes=levels, actor=actor, at=now, access=access
    )
    enrolment.response = response
    enrolment.save(update_fields=["response"])
    return f"/rattachements/{key}/questionnaires/interoperabilite/"


@measure("P5", what="fill page of a questionnaire of 150 criteria", bar="≤ 6 F (aim 3), ≤ 60 KiB gzip")
def fill_page(bench: Bench) -> Figure:
    """Its queries are counted by the tests: 8, with 1, 30 and 150 criteria."""
    path = widen(make_enrolment())
    client = bench.client(world.EDITOR)
    size = len(gzip.compress(client.request("GET", path).body, 6))  # type: ignore[attr-defined]
    ratio, raw = bench.compare(lambda: client.time("GET", path), times=20)
    passes = ratio <= 6 and size <= COMPRESSED_MAX
    return Figure(ratio, "F", passes, {**raw, "compressed": size}, note=f"{size} bytes compressed, 8 SQL (tests)")


@measure("P5+", what="the same page, every criterion answered, 100 files", bar="≤ 6 F (aim 3)")
def full_page(bench: Bench) -> Figure:
    """What an editor sees just before validating."""
    enrolment = world.make_enrolment(world.publish_wide_grid())
    world.answer_orientation(enrolment.response)
    world.answer_criteria(enrolment.response)
    path = f"/rattachements/{enrolment.pk}/questionnaires/{world.WIDE}/"
    client = bench.client(world.EDITOR)
    size = len(gzip.compress(client.request("GET", path).body, 6))  # type: ignore[attr-defined]
    ratio, raw = bench.compare(lambda: client.time("GET", path), times=20)
    return Figure(ratio, "F", ratio <= 6, {**raw, "compressed": size}, note=f"{size} bytes compressed")
