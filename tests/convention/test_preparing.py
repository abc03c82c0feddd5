"""The verifier’s part: accept the fiche, choose, preview, send."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.convention import services
from referencing.convention.enums import ConventionState, DataCategory
from referencing.convention.models import Convention
from referencing.enrolment.enums import Purpose, SheetState
from tests.convention.factories import OPTIONS, SIGNER, TERMS, make_submitted

pytestmark = pytest.mark.django_db


def codes(refusal):
    return [blocker.code for blocker in refusal.value.blockers]


@pytest.mark.rule("BR-027")
def test_validating_the_fiche_prepares_its_convention(verifier):
    enrolment, _ = make_submitted()

    convention = services.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)

    enrolment.sheet.refresh_from_db()
    assert enrolment.sheet.state == SheetState.VALIDATED
    assert convention.state == ConventionState.TO_SEND
    assert convention.get_state_display() == "En attente d’envoi de la convention par les vérificateurs MES"
    assert convention.sheet_version.number == 1
    assert convention.signer_email == SIGNER
    assert list(AuditEntry.objects.about(convention).values_list("action", flat=True)) == ["convention.prepare"]


@pytest.mark.rule("BR-027")
def test_fiche_stays_transmitted_when_the_convention_cannot_be_prepared(verifier, monkeypatch):
    enrolment, _ = make_submitted()
    monkeypatch.setattr(Convention, "save", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        services.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)

    enrolment.sheet.refresh_from_db()
    assert enrolment.sheet.state == SheetState.SUBMITTED


def test_validating_twice_prepares_once(client, verifier):
    enrolment, _ = make_submitted()
    client.force_login(verifier)
    address = reverse("convention:sheet_validate", args=[enrolment.pk])
    client.post(address)

    response = client.post(address)

    assert response.status_code == 422
    assert "Cette action n’est plus possible dans cet état." in response.content.decode()
    assert Convention.objects.count() == 1


def test_editor_may_not_validate_a_fiche(client):
    enrolment, editor = make_submitted()
    client.force_login(editor)

    assert client.post(reverse("convention:sheet_validate", args=[enrolment.pk])).status_code == 403
    with pytest.raises(PermissionDenied):
        services.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=editor)


@pytest.mark.rule("A-04")
@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"purposes": ["soins"]}, "Choisissez au moins une catégorie, ou « Aucune donnée »."),
        ({"data_categories": ["aucune", "mesures"]}, "« Aucune donnée » exclut les autres catégories"),
        ({"data_categories": ["aucune"], "purposes": ["soins"]}, "Sans donnée, la convention n’a pas de finalité."),
        ({"data_categories": ["mesures"]}, "Choisissez au moins une finalité pour ces données."),
        ({"data_categories": ["mesures"], "purposes": ["recherche"]}, "ne figure pas parmi les réponses proposées"),
    ],
)
def test_choices_that_cannot_stand_are_refused_with_their_reason(client, verifier, prepared, choices, message):
    client.force_login(verifier)

    response = client.post(reverse("convention:convention_prepare", args=[prepared.pk]), choices)

    assert response.status_code == 422
    assert message in response.content.decode()
    prepared.refresh_from_db()
    assert prepared.data_categories == TERMS["data_categories"]


@pytest.mark.rule("A-04")
def test_no_data_needs_no_purpose(verifier, prepared, commit):
    services.choose_terms(convention_id=prepared.pk, data_categories=["aucune"], purposes=[], actor=verifier)

    with commit():
        sent = services.send_convention(convention_id=prepared.pk, actor=verifier)

    assert "ne reçoit ni ne transmet aucune donnée" in sent.text


@pytest.mark.rule("A-04")
@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"data_categories": ["aucune", "mesures"], "purposes": []}, "convention_no_data_is_exclusive"),
        ({"data_categories": ["mesures"], "purposes": ["recherche"]}, "convention_purposes_allowed"),
    ],
)
def test_database_refuses_choices_that_cannot_stand(prepared, values, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Convention.objects.filter(pk=prepared.pk).update(**values)


@pytest.mark.rule("BR-032", "A-04")
def test_sent_convention_holds_parties_data_duration_and_withdrawal_terms(sent):
    sent.refresh_from_db()

    assert [party["key"] for party in sent.parties] == ["editeur", "ministre", "cnam"]
    assert sent.parties[0]["name"] == "Alizé Santé"
    assert sent.parties[0]["represented_by"] == "Anne Étienne, Présidente"
    assert sent.data_categories == [DataCategory.MEASURES, DataCategory.DOCUMENTS]
    assert sent.purposes == [Purpose.PREVENTION, Purpose.CARE]
    assert (sent.duration_months, sent.withdrawal_terms) == (36, OPTIONS["withdrawal_terms"])
    for part in ("Caisse nationale de l’assurance maladie", "Mesures de santé", "Prévention, Soins", "36 mois"):
        assert part in sent.text
    assert OPTIONS["withdrawal_terms"] in sent.text


@pytest.mark.rule("BR-032")
@pytest.mark.parametrize(
    "change", [{"duration_months": 12}, {"data_categories": ["aucune"], "purposes": []}, {"parties": []}, {"text": ""}]
)
def test_database_refuses_to_change_what_was_sent(sent, change):
    with pytest.raises(ProgrammingError, match="Cannot update rows from convention_convention"), transaction.atomic():
        Convention.objects.filter(pk=sent.pk).update(**change)


def test_database_refuses_a_state_out_of_turn(prepared):
    with pytest.raises(ProgrammingError, match="Invalid transition of field"), transaction.atomic():
        Convention.objects.filter(pk=prepared.pk).update(state=ConventionState.VALIDATED)


def test_typed_values_are_escaped_in_the_text(verifier, commit):
    enrolment, _ = make_submitted(organisation_name="<script>alert(1)</script>")
    convention = services.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
    services.choose_terms(convention_id=convention.pk, actor=verifier, **TERMS)

    with commit():
        sent = services.send_convention(convention_id=convention.pk, actor=verifier)

    assert "<script>" not in sent.text
    assert "&lt;script&gt;" in sent.text


def test_sending_is_refused_with_every_reason(client, verifier):
    enrolment, _ = make_submitted()
    enrolment.demarche.settings = {}
    enrolment.demarche.save()
    convention = services.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)

    with pytest.raises(TransitionRefused) as refusal:
        services.send_convention(convention_id=convention.pk, actor=verifier)
    client.force_login(verifier)
    page = client.post(reverse("convention:convention_send", args=[convention.pk]))

    assert codes(refusal) == ["data_categories", "settings"]
    assert page.status_code == 422
    assert "Choisissez les catégories de données." in page.content.decode()
    assert client.get(reverse("convention:convention_preview", args=[convention.pk])).status_code == 302


def test_sending_twice_sends_once(client, verifier, sent):
    client.force_login(verifier)

    response = client.post(reverse("convention:convention_send", args=[sent.pk]))

    assert response.status_code == 422
    assert sent.links.count() == 1


def test_choices_are_closed_once_sent(verifier, sent):
    with pytest.raises(TransitionRefused) as refusal:
        services.choose_terms(convention_id=sent.pk, actor=verifier, **TERMS)
    assert codes(refusal) == ["wrong_state"]


def test_legal_representative_gets_a_link_and_the_editor_a_notification(sent, mailoutbox):
    mail = next(message for message in mailoutbox if message.to == [SIGNER])
    assert mail.subject == f"{sent.enrolment.label} – convention à signer"
    assert "/signature/" in mail.body
    notification = Notification.objects.filter(kind="Convention").latest("pk")
    assert "Anne Étienne a reçu un lien" in notification.content


def test_preview_keeps_nothing(client, verifier, prepared):
    client.force_login(verifier)

    response = client.get(reverse("convention:convention_preview", args=[prepared.pk]))

    assert response["Content-Type"] == "application/pdf"
    prepared.refresh_from_db()
    assert (prepared.document, prepared.text) == (None, "")


def test_new_link_revokes_the_former(client, verifier, sent, token, commit):
    client.force_login(verifier)
    address = reverse("convention:convention_resend", args=[sent.pk])
    assert "cessera aussitôt de fonctionner" in client.get(address).content.decode()
    with commit():
        assert client.post(address).status_code == 302

    client.logout()
    old = client.get(reverse("convention:signing_detail", args=[token]))
    assert "Ce lien de signature ne fonctionne plus" in old.content.decode()
    assert sent.links.unfinished().count() == 1


def test_resending_needs_a_convention_to_sign(client, verifier, prepared):
    client.force_login(verifier)

    response = client.post(reverse("convention:convention_resend", args=[prepared.pk]))

    assert response.status_code == 422
    assert "n’attend pas de signature" in response.content.decode()
