"""A new legal representative before the signature (T06b, A-05)."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from convergence.accounts.enums import MembershipType
from convergence.kernel.errors import TransitionRefused
from referencing.convention import services
from referencing.convention.enums import ConventionState
from referencing.enrolment.enums import SheetState
from referencing.enrolment.models import AdministrativeSheet
from referencing.enrolment.services import submit_sheet
from tests.convention.factories import TERMS, last_token
from tests.factories import make_member

pytestmark = [pytest.mark.django_db, pytest.mark.rule("A-05")]


def change(convention, actor, reason="Elle a quitté ses fonctions."):
    return services.change_representative(convention_id=convention.pk, reason=reason, actor=actor)


def test_fiche_goes_back_and_the_link_dies(client, sent, token, editor, verifier, commit):
    client.force_login(editor)
    address = reverse("convention:representative_change", args=[sent.enrolment_id])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": ""}).status_code == 422
    with commit():
        response = client.post(address, {"reason": "Elle a quitté ses fonctions."})

    assert response.url == reverse("enrolment:sheet_detail", args=[sent.enrolment_id])
    sent.refresh_from_db()
    sheet = AdministrativeSheet.objects.get(enrolment=sent.enrolment_id)
    assert (sent.state, sheet.state) == (ConventionState.REVOKED, SheetState.CHANGES_REQUESTED)
    client.logout()
    page = client.get(reverse("convention:signing_detail", args=[token])).content.decode()
    assert "Ce lien de signature ne fonctionne plus" in page
    with pytest.raises(services.LinkClosed):
        services.sign(token=token, code="123456")
    client.force_login(editor)
    page = client.get(reverse("convention:convention_detail", args=[sent.enrolment_id]))
    assert page.url == reverse("enrolment:sheet_detail", args=[sent.enrolment_id])


def test_next_validation_prepares_a_new_convention_for_the_new_representative(prepared, editor, verifier, commit):
    change(prepared, editor)
    AdministrativeSheet.objects.filter(enrolment=prepared.enrolment).update(
        representative_first_name="Bruno", representative_email="bruno@alize.example"
    )
    submit_sheet(enrolment_id=prepared.enrolment_id, actor=editor)

    again = services.validate_sheet_and_prepare(enrolment_id=prepared.enrolment_id, actor=verifier)

    assert again.pk != prepared.pk
    assert (again.signer_email, again.sheet_version.number) == ("bruno@alize.example", 2)
    assert again.data_categories == TERMS["data_categories"]
    with commit():
        services.send_convention(convention_id=again.pk, actor=verifier)
    assert last_token("bruno@alize.example")


def test_verifier_may_do_it_too(sent, verifier):
    assert change(sent, verifier).state == ConventionState.REVOKED


def test_contributor_may_not(sent):
    contributor = make_member(sent.enrolment.product.organisation, MembershipType.SALARIE)
    with pytest.raises(PermissionDenied):
        change(sent, contributor)


def test_too_late_once_signed(signed, editor):
    with pytest.raises(TransitionRefused) as refusal:
        change(signed, editor)
    assert refusal.value.blockers[0].code == "wrong_state"


def test_reason_is_needed(sent, editor):
    with pytest.raises(TransitionRefused) as refusal:
        change(sent, editor, reason=" ")
    assert refusal.value.blockers[0].code == "reason"
