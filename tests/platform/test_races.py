"""Figure R4: many people make the same transition at once; one wins, the journal has one line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, CandidatureEvent, ThemeReview
from referencing.candidature.services import apply, declare_admissible, take_charge
from referencing.convention import services as conventions
from referencing.convention.models import Convention
from referencing.dossier.readers import read_payload
from referencing.enrolment.services import request_sheet_changes, submit_sheet
from tests.candidature.factories import make_candidature
from tests.convention.factories import last_code, last_token, make_prepared, make_submitted
from tests.dossier.factories import make_dossier
from tests.factories import make_agent

THREADS = 8
#: What the figure asks of the two transitions that agents compete for.
MANY_THREADS = 50

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def race(service: Callable[..., Any], *, threads: int = THREADS, **arguments: Any) -> list[str]:
    """Call the service from every thread at once, each with its own connection: `won` or the codes of the refusal."""
    barrier = Barrier(threads)

    def run(_: int) -> str:
        try:
            barrier.wait(timeout=30)
            service(**arguments)
        except TransitionRefused as refusal:
            return ",".join(blocker.code for blocker in refusal.blockers)
        else:
            return "won"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def assert_one_winner(results: list[str], *, action: str, refusal: str) -> None:
    assert sorted(results) == sorted(["won", *[refusal] * (len(results) - 1)])
    assert AuditEntry.objects.filter(action=action).count() == 1


@pytest.mark.rule("BR-097")
def test_one_of_eight_applies():
    dossier, manager = make_dossier()

    results = race(apply, dossier_id=dossier.pk, actor=manager)

    assert_one_winner(results, action="candidature.apply", refusal="open_candidature")
    assert Candidature.objects.get().state == CandidatureState.APPLIED


@pytest.mark.rule("BR-024")
def test_one_of_eight_transmits_the_fiche():
    enrolment, editor = make_submitted()
    verifier = make_agent(Role.LISTING_TEAM)
    request_sheet_changes(enrolment_id=enrolment.pk, reason="À compléter", actor=verifier)

    results = race(submit_sheet, enrolment_id=enrolment.pk, actor=editor)

    assert sorted(results) == sorted(["won", *["wrong_state"] * (THREADS - 1)])
    assert AuditEntry.objects.filter(action="administrativesheet.submit").count() == 2
    assert enrolment.sheet.versions.count() == 2


def test_one_of_fifty_takes_charge():
    dossier, manager = make_dossier()
    candidature = apply(dossier_id=dossier.pk, actor=manager)

    results = race(
        take_charge, threads=MANY_THREADS, candidature_id=candidature.pk, actor=make_agent(Role.LISTING_TEAM)
    )

    assert_one_winner(results, action="candidature.take_charge", refusal="wrong_state")
    assert CandidatureEvent.objects.filter(kind="taken").count() == 1


def test_one_of_fifty_declares_admissible():
    verifier = make_agent(Role.LISTING_TEAM)
    candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, referent=verifier)

    results = race(declare_admissible, threads=MANY_THREADS, candidature_id=candidature.pk, actor=verifier)

    assert_one_winner(results, action="candidature.declare_admissible", refusal="wrong_state")
    themes = [row["code"] for row in read_payload(candidature.dossier)["questionnaires"]]
    assert sorted(ThemeReview.objects.values_list("theme", flat=True)) == sorted(themes)


def test_one_of_eight_validates_the_convention():
    verifier = make_agent(Role.LISTING_TEAM)
    convention = conventions.send_convention(convention_id=make_prepared(verifier).pk, actor=verifier)
    token = last_token()
    conventions.send_code(token=token)
    conventions.sign(token=token, code=last_code())

    results = race(conventions.validate_convention, convention_id=convention.pk, actor=verifier)

    assert_one_winner(results, action="convention.validate", refusal="wrong_state")
    assert Convention.objects.get().state == "validated"
