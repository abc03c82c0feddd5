"""Signing: number, frozen content, signature and seal that verify, and what a signature does (A-32, BR-160, A-36)."""

from __future__ import annotations

import json
import random
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from convergence.documents.pdf import render_html
from convergence.documents.signatures import Status, verify_pdf
from convergence.jobs.models import Job
from convergence.jobs.services import run
from convergence.kernel.canonical import sha256_hex
from convergence.kernel.errors import TransitionRefused
from evidence.services import examine, read_bytes
from referencing.candidature.enums import CandidatureState, Holder
from referencing.candidature.models import Candidature
from referencing.commission.models import Opinion
from referencing.decision import services
from referencing.decision.models import Decision, DecisionSeries
from referencing.decision.selectors import current_decision
from tests.decision.factories import (
    give_opinion,
    make_draft,
    make_notified,
    make_sanction,
    make_signatory,
    make_signed,
    today,
)
from tests.documents.test_signatures import flip, needs_pdfsig, pdfsig, signed_positions
from tests.factories import make_agent
from tests.platform.test_races import MANY_THREADS, assert_one_winner, race

pytestmark = pytest.mark.django_db


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def sign(decision, actor, **fields):
    values = {"signatory": make_signatory(), "signed_on": today(), "actor": actor, **fields}
    return services.sign_decision(decision_id=decision.pk, **values)


@pytest.mark.rule("BR-160", "A-31")
def test_signed_act_has_number_date_signatory_and_frozen_content():
    decision, ministry, _ = make_draft(pairs=[("mesures", "lecture")])

    signed = sign(decision, ministry)

    assert signed.number == f"D-{today().year}-00001"
    assert (signed.state, signed.signatory_name, signed.signed_on) == ("signed", "Claude Renard", today())
    content = json.loads(bytes(signed.payload))
    assert signed.sha256 == sha256_hex(bytes(signed.payload))
    assert content["number"] == signed.number
    assert content["signatory"]["delegation"] == "Arrêté du 3 mars 2026, article 2"
    assert content["scope"][0]["api_text"] == "Mesures de santé"
    assert content["basis"]["dossier"] == signed.candidature.dossier.reference
    assert content["basis"]["opinion"] == "favourable"
    assert "email" not in content["signatory"]


@pytest.mark.rule("A-32")
def test_pdf_is_signed_by_the_person_then_sealed_by_the_platform():
    decision, _, _ = make_signed()

    verification = verify_pdf(read_bytes(decision.document))

    assert verification.status is Status.INTACT
    person, seal = verification.signatures
    assert (person.field, person.signer) == ("signataire", "Claude Renard")
    assert seal.field == "cachet"
    assert seal.covers_whole_file


@needs_pdfsig
@pytest.mark.rule("A-32")
def test_poppler_reads_both_signatures_and_sees_one_changed_byte(tmp_path):
    decision, _, _ = make_signed()
    pdf = read_bytes(decision.document)

    assert pdfsig(tmp_path, pdf).count("Signature is Valid") == 2

    rng = random.Random(20261130)
    for position in rng.sample(list(signed_positions(pdf)), 10):
        assert verify_pdf(flip(pdf, position)).status is not Status.INTACT


@pytest.mark.rule("T32")
def test_signed_listing_approves_the_file():
    decision, _, _ = make_signed()

    candidature = Candidature.objects.get(pk=decision.candidature_id)
    assert candidature.state == CandidatureState.APPROVED
    assert candidature.waiting_for == Holder.LISTING_TEAM
    assert current_decision(decision.enrolment) == decision
    assert candidature.events.filter(kind="decision_signed").count() == 1


@pytest.mark.rule("T33")
def test_signed_refusal_refuses_the_file():
    decision, _, _ = make_signed("refusal")

    candidature = Candidature.objects.get(pk=decision.candidature_id)
    assert candidature.state == CandidatureState.REFUSED
    assert candidature.closed_at is not None
    assert current_decision(decision.enrolment) is None


@pytest.mark.rule("A-32")
def test_editor_is_told_that_a_decision_waits_and_not_what_it_says(commit, mailoutbox):
    decision, ministry, manager = make_draft("refusal")

    with commit():
        sign(decision, ministry)

    (mail,) = [each for each in mailoutbox if each.to == [manager.email]]
    assert "une décision vous attend" in mail.subject
    assert "refus" not in (mail.subject + mail.body).lower()


@pytest.mark.rule("A-32")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"delegation": ""}, "delegation"),
        ({"name": " "}, "signatory_name"),
        ({"quality": ""}, "signatory_quality"),
        ({"delegation_until": today() - timedelta(days=1)}, "outside_delegation"),
        ({"delegation_from": today() + timedelta(days=1)}, "outside_delegation"),
        ({"delegation_from": None}, "delegation_dates"),
    ],
)
def test_signatory_without_a_delegation_that_holds_signs_nothing(fields, code):
    decision, ministry, _ = make_draft()

    with pytest.raises(TransitionRefused) as refusal:
        sign(decision, ministry, signatory=make_signatory(**fields))

    assert codes(refusal) == [code]
    assert Decision.objects.get(pk=decision.pk).number is None


@pytest.mark.parametrize(("days", "code"), [(1, "future"), (-2, "before_opinion")])
def test_act_is_dated_after_the_opinion_and_not_ahead(days, code):
    decision, ministry, _ = make_draft()

    with pytest.raises(TransitionRefused) as refusal:
        sign(decision, ministry, signed_on=today() + timedelta(days=days))

    assert codes(refusal) == [code]


@pytest.mark.rule("BR-157")
def test_opinion_that_became_unfavourable_bars_the_signature():
    decision, ministry, _ = make_draft()
    give_opinion(decision.candidature, "unfavourable")

    with pytest.raises(TransitionRefused) as refusal:
        sign(decision, ministry)

    assert codes(refusal) == ["unfavourable"]


@pytest.mark.parametrize("role", [Role.LISTING_TEAM, Role.SECRETARY, Role.CNAM])
def test_only_the_ministry_signs(role):
    decision, _, _ = make_draft()

    with pytest.raises((PermissionDenied, Decision.DoesNotExist)):
        sign(decision, make_agent(role))
    with pytest.raises(PermissionDenied):
        services.sign_decisions(
            decision_ids=[decision.pk], signatory=make_signatory(), signed_on=today(), actor=make_agent(role)
        )


def test_signed_act_never_changes():
    decision, _, _ = make_signed()

    for change in ({"reasons": "Autre"}, {"number": "D-1"}, {"signatory_quality": "X"}, {"scope": [1]}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.filter(pk=decision.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).delete()


@pytest.mark.rule("A-32")
def test_batch_is_signed_or_refused_as_a_whole():
    first, ministry, _ = make_draft()
    second, _, _ = make_draft("refusal", actor=ministry)
    services.update_draft(decision_id=second.pk, actor=ministry, kind="refusal", reasons="", remedies="Deux mois.")
    values = {"decision_ids": [first.pk, second.pk], "signatory": make_signatory(), "signed_on": today()}

    with pytest.raises(TransitionRefused) as refusal:
        services.sign_decisions(**values, actor=ministry)
    assert codes(refusal) == ["reasons"]
    assert second.enrolment.label in str(refusal.value)
    assert not Decision.objects.filter(state="signed").exists()

    services.update_draft(decision_id=second.pk, actor=ministry, kind="refusal", reasons="Non.", remedies="Deux mois.")
    signed = services.sign_decisions(**values, actor=ministry)
    assert [each.number[-5:] for each in signed] == ["00001", "00002"]


def test_numbers_begin_again_each_year_and_pass_over_one_already_borne():
    first, ministry, _ = make_signed()
    DecisionSeries.objects.create(year=today().year - 1, last=41)
    decision, _, _ = make_draft(actor=ministry)
    with pgtrigger.ignore("decision.Decision:decision_signed_is_fixed"):
        Decision.objects.filter(pk=first.pk).update(number=f"D-{today().year}-00002")

    assert sign(decision, ministry).number == f"D-{today().year}-00003"


@pytest.mark.rule("A-32")
def test_job_signs_a_batch_and_says_what_it_could_not_sign(commit):
    first, ministry, _ = make_draft()
    second, _, _ = make_draft(actor=ministry)
    job = services.order_signature(
        decision_ids=[first.pk, second.pk], signatory=make_signatory(), signed_on=today(), actor=ministry
    )
    services.drop(decision_id=second.pk, actor=ministry)

    run(job_id=job.pk)

    job = Job.objects.get(pk=job.pk)
    assert job.state == "done"
    with zipfile.ZipFile(BytesIO(job.output.read())) as archive:
        assert sorted(archive.namelist()) == [f"D-{today().year}-00001.pdf", "compte-rendu.txt"]
        report = archive.read("compte-rendu.txt").decode()
    assert "non signée" in report
    assert Decision.objects.get(pk=first.pk).state == "signed"


def test_job_that_runs_again_signs_nothing_twice():
    decision, ministry, _ = make_draft()
    job = services.order_signature(
        decision_ids=[decision.pk], signatory=make_signatory(), signed_on=today(), actor=ministry
    )
    from referencing.decision.services.signing import run_batch

    first = run_batch(job, lambda *_: None)
    second = run_batch(job, lambda *_: None)

    assert AuditEntry.objects.filter(action="decision.sign").count() == 1
    names = [zipfile.ZipFile(BytesIO(each.content)).namelist() for each in (first, second)]
    assert names[0] == names[1]


def make_outside_act() -> SimpleUploadedFile:
    return SimpleUploadedFile("acte.pdf", render_html("<p>Arrêté</p>", variant=None), "application/pdf")


def receive(decision, actor, **fields):
    upload = make_outside_act()
    examined = examine(upload=upload, allowed_formats=("pdf",), max_size_mb=20)
    signatory = make_signatory(delegation="", delegation_from=None, delegation_until=None)
    values = {"number": "2026-DNS-17", "signatory": signatory, "signed_on": today(), "upload": examined}
    return services.receive_act(decision_id=decision.pk, actor=actor, **{**values, **fields})


@pytest.mark.rule("A-32")
def test_act_signed_elsewhere_is_kept_untouched_beside_its_sealed_copy():
    decision, ministry, _ = make_draft()

    received = receive(decision, ministry)

    original, copy = read_bytes(received.original), read_bytes(received.document)
    assert (received.state, received.number, received.is_signed_elsewhere) == ("signed", "2026-DNS-17", True)
    assert copy.startswith(original)
    assert len(copy) > len(original)
    assert verify_pdf(original).status is Status.UNSIGNED
    (seal,) = verify_pdf(copy).signatures
    assert seal.field == "cachet"
    assert json.loads(bytes(received.payload))["original_sha256"] == sha256_hex(original)
    assert Candidature.objects.get(pk=decision.candidature_id).state == CandidatureState.APPROVED


def test_act_signed_elsewhere_needs_a_number_of_its_own():
    first, ministry, _ = make_draft()
    second, _, _ = make_draft(actor=ministry)
    receive(first, ministry)

    for number in ("", "2026-DNS-17"):
        with pytest.raises(TransitionRefused) as refusal:
            receive(second, ministry, number=number)
        assert codes(refusal) == ["number"]


@pytest.mark.rule("A-02")
def test_sanction_changes_nothing_below_and_is_followed_from_above(without_listings):
    listing, ministry, _ = make_notified("listing")
    decision = make_sanction("suspension", about=listing, actor=ministry)

    signed = sign(decision, ministry)

    assert signed.state == "signed"
    assert Candidature.objects.get(pk=listing.candidature_id).state == CandidatureState.APPROVED
    assert json.loads(bytes(signed.payload))["basis"]["about"] == listing.number


@pytest.mark.rule("A-02")
@pytest.mark.parametrize("kind", ["suspension", "withdrawal"])
def test_sanction_names_its_condition_and_hears_the_editor_or_says_why_not(kind, without_listings):
    listing, ministry, _ = make_notified("listing")
    decision = make_sanction(kind, about=listing, actor=ministry, condition_text="", invited_on="")

    with pytest.raises(TransitionRefused) as refusal:
        sign(decision, ministry)
    assert codes(refusal) == ["condition", "contradiction"]

    services.update_draft(
        decision_id=decision.pk,
        actor=ministry,
        kind=kind,
        reasons="Fuite de données.",
        remedies="Deux mois.",
        terms={"condition_text": "Sécurité", "urgency": "Fuite en cours"},
    )
    assert sign(decision, ministry).state == "signed"


@pytest.mark.rule("A-36")
def test_abrogation_of_a_never_published_listing_ends_it_and_its_file():
    listing, ministry, _ = make_notified("listing")
    decision = make_sanction("abrogation", about=listing, actor=ministry)

    sign(decision, ministry)

    listing.refresh_from_db()
    assert listing.state == "abrogated"
    assert Candidature.objects.get(pk=listing.candidature_id).state == CandidatureState.RESCINDED
    assert current_decision(listing.enrolment) is None


@pytest.mark.rule("A-36")
def test_published_listing_is_not_abrogated():
    listing, ministry, _ = make_notified("listing")
    decision = make_sanction("abrogation", about=listing, actor=ministry)
    Candidature.objects.filter(pk=listing.candidature_id).update(state=CandidatureState.LISTED)

    with pytest.raises(TransitionRefused) as refusal:
        sign(decision, ministry)

    assert codes(refusal) == ["published"]


def test_listing_team_may_propose_a_sanction_and_not_sign_it():
    listing, _, _ = make_notified("listing")
    team = make_agent(Role.LISTING_TEAM)

    decision = make_sanction("formal_notice", about=listing, actor=team)

    assert decision.state == "draft"
    with pytest.raises(PermissionDenied):
        services.sign_decisions(decision_ids=[decision.pk], signatory=make_signatory(), signed_on=today(), actor=team)


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("A-32")
def test_one_of_fifty_signs(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)
    decision, ministry, _ = make_draft()

    results = race(
        services.sign_decision,
        threads=MANY_THREADS,
        decision_id=decision.pk,
        signatory=make_signatory(),
        signed_on=today(),
        actor=ministry,
    )

    assert_one_winner(results, action="decision.sign", refusal="wrong_state")
    assert DecisionSeries.objects.get().last == 1


@pytest.mark.django_db(transaction=True)
def test_acts_signed_at_once_get_different_numbers(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)
    ministry = make_agent(Role.MINISTRY)
    drafts = [make_draft(actor=ministry)[0] for _ in range(4)]

    from django.db import connections

    def one(decision):
        try:
            return sign(decision, ministry).number[-5:]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(one, drafts))

    assert sorted(numbers) == ["00001", "00002", "00003", "00004"]
    assert Opinion.objects.count() == 4
