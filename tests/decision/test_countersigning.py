"""The convention and its annex, signed by the three parties in the same files (A-03, A-04), before publication (T34)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from convergence.accounts.enums import Role
from convergence.documents.signatures import Status, verify_pdf
from convergence.kernel.errors import TransitionRefused
from evidence.services import keep_generated, read_bytes
from referencing.convention import services as conventions
from referencing.convention.models import Annex, Convention, SigningLink
from referencing.decision import services
from referencing.decision.models import Countersignature
from referencing.decision.selectors import convention_blockers, convention_in_force
from referencing.decision.selectors.conventions import awaiting_party
from referencing.decision.services.countersigning import latest_document
from tests.convention.factories import last_code, last_token
from tests.decision.factories import make_signatory, make_signed, sign_as_editor, today
from tests.documents.test_signatures import flip, needs_pdfsig, pdfsig, signed_positions
from tests.factories import make_agent

pytestmark = pytest.mark.django_db
SIGNER = "camille@editeur.example"


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def make_decided(pairs=None) -> Convention:
    """A service that the minister decided to list, with a convention that its editor really signed."""
    decision, _, _ = make_signed(pairs=pairs)
    return sign_as_editor(Convention.objects.get(enrolment=decision.enrolment), email=SIGNER)


def countersign(convention, actor, **fields):
    values = {"signatory": make_signatory(), "signed_on": today(), **fields}
    return services.countersign_conventions(convention_ids=[convention.pk], actor=actor, **values)


def sign_annex(convention, commit, actor) -> Annex:
    with commit():
        services.prepare_annex(convention_id=convention.pk, actor=actor)
    token = last_token(SIGNER)
    with commit():
        conventions.send_code(token=token)
    with commit():
        return conventions.sign(token=token, code=last_code(SIGNER))


@needs_pdfsig
@pytest.mark.rule("A-03")
def test_minister_and_cnam_sign_the_file_that_the_editor_signed(ministry, cnam, tmp_path):
    convention = make_decided()
    first = read_bytes(convention.signed_document)

    (by_minister,) = countersign(convention, ministry)
    (by_cnam,) = countersign(convention, cnam, signatory=make_signatory(name="Dominique Leroy", quality="directeur"))

    whole = read_bytes(latest_document(convention))
    assert whole.startswith(read_bytes(by_minister.document))
    assert whole.startswith(first)
    assert (by_minister.party, by_cnam.party) == ("ministre", "cnam")
    verification = verify_pdf(whole)
    assert verification.status is Status.INTACT
    assert [each.signer for each in verification.signatures] == ["Camille Durand", "Claude Renard", "Dominique Leroy"]
    assert b"/DocMDP" not in whole
    assert pdfsig(tmp_path, whole).count("Signature is Valid") == 3
    assert verify_pdf(flip(whole, signed_positions(whole)[1000])).status is not Status.INTACT


@pytest.mark.rule("A-03", "T34")
def test_convention_is_in_force_when_three_parties_signed(ministry, cnam):
    convention = make_decided()

    assert [each.code for each in convention_blockers(convention.enrolment)] == ["convention_countersigned"] * 2
    countersign(convention, cnam)
    assert [each.code for each in convention_blockers(convention.enrolment)] == ["convention_countersigned"]
    countersign(convention, ministry)
    assert convention_in_force(convention.enrolment)


@pytest.mark.rule("A-04", "T34")
def test_service_that_exchanges_needs_its_annex_signed_by_three(ministry, cnam, commit):
    convention = make_decided(pairs=[("mesures", "lecture")])
    countersign(convention, ministry)
    countersign(convention, cnam)
    assert [each.code for each in convention_blockers(convention.enrolment)] == ["annex"]

    annex = sign_annex(convention, commit, ministry)
    assert annex.state == "signed"
    assert "Mesures de santé" in annex.text
    assert "Jusqu’à la fermeture du compte." in annex.text
    assert [each.code for each in convention_blockers(convention.enrolment)] == ["annex_countersigned"] * 2

    countersign(convention, ministry)
    countersign(convention, cnam)
    assert convention_in_force(convention.enrolment)
    verification = verify_pdf(read_bytes(latest_document(annex)))
    assert verification.status is Status.INTACT
    assert [each.field for each in verification.signatures] == ["editeur", "ministre", "cnam"]
    assert Countersignature.objects.count() == 4


@pytest.mark.rule("A-04")
def test_one_signing_covers_convention_and_annex(ministry, commit):
    convention = make_decided(pairs=[("mesures", "lecture")])
    sign_annex(convention, commit, ministry)

    made = countersign(convention, ministry)

    assert [bool(each.annex_id) for each in made] == [False, True]
    assert not awaiting_party(ministry, "ministre").exists()


@pytest.mark.rule("A-04")
def test_service_without_exchange_has_no_annex(ministry):
    convention = make_decided()

    with pytest.raises(TransitionRefused) as refusal:
        services.prepare_annex(convention_id=convention.pk, actor=ministry)

    assert "no_exchange" in codes(refusal)


@pytest.mark.rule("A-04")
def test_annex_is_built_once_and_its_link_may_be_sent_again(ministry):
    convention = make_decided(pairs=[("mesures", "lecture")])
    annex = services.prepare_annex(convention_id=convention.pk, actor=make_agent(Role.LISTING_TEAM))

    with pytest.raises(TransitionRefused) as refusal:
        services.prepare_annex(convention_id=convention.pk, actor=ministry)
    assert codes(refusal) == ["annex_exists"]

    assert services.send_annex_again(convention_id=convention.pk, actor=ministry) == annex
    assert SigningLink.objects.filter(annex=annex).count() == 2
    assert SigningLink.objects.unfinished().filter(annex=annex).count() == 1


@pytest.mark.rule("A-04")
def test_refused_annex_comes_back_and_may_be_sent_again(ministry, commit):
    convention = make_decided(pairs=[("mesures", "lecture")])
    with commit():
        annex = services.prepare_annex(convention_id=convention.pk, actor=ministry)

    conventions.refuse(token=last_token(SIGNER), reason="Une finalité est fausse.")

    annex.refresh_from_db()
    assert annex.state == "to_send"
    assert services.send_annex_again(convention_id=convention.pk, actor=ministry).state == "to_sign"


def test_party_signs_once(ministry):
    convention = make_decided()
    countersign(convention, ministry)

    with pytest.raises(TransitionRefused) as refusal:
        countersign(convention, ministry)

    assert codes(refusal) == ["already_signed"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Countersignature.objects.update(signatory_name="Un autre")


@pytest.mark.parametrize("role", [Role.LISTING_TEAM, Role.SECRETARY, Role.AUDITOR])
def test_only_ministry_and_cnam_countersign(role):
    convention = make_decided()

    with pytest.raises(PermissionDenied):
        countersign(convention, make_agent(role))


def test_signatory_without_delegation_countersigns_nothing(ministry):
    convention = make_decided()

    with pytest.raises(TransitionRefused) as refusal:
        countersign(convention, ministry, signatory=make_signatory(delegation_until=today() - timedelta(days=1)))
    assert codes(refusal) == ["outside_delegation"]
    with pytest.raises(TransitionRefused) as refusal:
        services.countersign_conventions(
            convention_ids=[], signatory=make_signatory(name=""), signed_on=today(), actor=ministry
        )
    assert codes(refusal) == ["signatory_name", "conventions"]


def test_altered_convention_is_not_countersigned(ministry):
    convention = make_decided()
    altered = keep_generated(
        content=flip(read_bytes(convention.signed_document), 400), name="convention.pdf", code="pdf"
    )
    Convention.objects.filter(pk=convention.pk).update(signed_document=altered)

    with pytest.raises(TransitionRefused) as refusal:
        countersign(convention, ministry)

    assert codes(refusal) == ["altered"]
