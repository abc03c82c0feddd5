"""Pages of ministry, editor and Cnam: what each reads, and the walk from a file to a notified act."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from convergence.accounts.enums import MembershipType, Role
from convergence.jobs.models import Job
from convergence.jobs.services import run
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.decision import services
from referencing.decision.models import Appeal, Countersignature, Decision, Suit
from tests.decision.factories import (
    add_reservation,
    make_decidable,
    make_draft,
    make_notified,
    make_signatory,
    make_signed,
    today,
)
from tests.decision.test_countersigning import make_decided
from tests.decision.test_signing import make_outside_act
from tests.factories import make_agent, make_member

pytestmark = pytest.mark.django_db

SIGNATORY = {
    "signatory_name": "Claude Renard",
    "signatory_quality": "délégué au numérique en santé",
    "delegation": "Arrêté du 3 mars 2026",
    "delegation_from": "1/1/2020",
    "delegation_until": "31/12/2099",
}


def day(value) -> str:
    return f"{value:%d/%m/%Y}"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.rule("A-32")
def test_ministry_walks_from_a_file_to_a_signed_act(client, ministry, commit):
    candidature, _ = make_decidable(pairs=[("mesures", "lecture")])
    client.force_login(ministry)

    home = text_of(client.get(reverse("decision:decision_home")))
    assert candidature.enrolment.label in home
    assert "Préparer les projets de cette séance" in home
    page = text_of(client.get(reverse("decision:draft_create", args=[candidature.pk])))
    assert "Mesures de santé" in page
    assert "Favorable" in page

    client.post(reverse("decision:draft_create", args=[candidature.pk]), {"kind": "listing"})
    decision = Decision.objects.get()
    saved = client.post(
        reverse("decision:draft_update", args=[decision.pk]), {"kind": "listing", "reasons": "Vu.", "remedies": ""}
    )
    assert saved.status_code == 302
    client.post(reverse("decision:draft_step", args=[decision.pk, "viser"]))

    signing = {**SIGNATORY, "rows": [str(decision.pk)], "signed_on": day(today())}
    question = client.post(reverse("decision:decision_sign"), signing)
    assert question.status_code == 200
    assert "Un acte signé ne change plus" in question.content.decode().replace("\xa0", " ")
    assert Decision.objects.get().state == "endorsed"
    answer = client.post(reverse("decision:decision_sign"), {**signing, "confirmed": "1"})
    job = Job.objects.get(kind="decision.sign")
    assert answer.url == reverse("pages:job_detail", args=[job.pk])
    run(job_id=job.pk)

    assert Decision.objects.get().state == "signed"
    assert Candidature.objects.get(pk=candidature.pk).state == CandidatureState.APPROVED
    shown = text_of(client.get(reverse("decision:decision_detail", args=[decision.pk])))
    assert "Un cachet n’est pas une signature" in shown
    assert "Enregistrer une lettre recommandée" in shown
    assert "Intact" in text_of(client.get(reverse("decision:decision_verify", args=[decision.pk])))


@pytest.mark.rule("BR-157")
def test_page_of_an_unfavourable_file_offers_the_refusal_alone(client, ministry):
    candidature, _ = make_decidable("unfavourable")
    client.force_login(ministry)
    address = reverse("decision:draft_create", args=[candidature.pk])

    page = text_of(client.get(address))
    assert "Seul un refus peut être décidé" in page
    assert "Préparer une décision de référencement" not in page
    refused = client.post(address, {"kind": "listing"})
    assert refused.status_code == 422
    assert "défavorable" in text_of(refused)


def test_session_button_makes_every_draft(client, ministry):
    candidature, _ = make_decidable()
    add_reservation(candidature.opinions.get(), is_suspensive=False)
    client.force_login(ministry)

    client.post(reverse("decision:session_draft", args=[candidature.opinions.get().point.session_id]))

    assert Decision.objects.get().candidature_id == candidature.pk
    assert client.get(reverse("decision:draft_create", args=[candidature.pk])).url == reverse(
        "decision:draft_update", args=[Decision.objects.get().pk]
    )


def test_signing_refused_keeps_what_was_typed(client, ministry):
    decision, _, _ = make_draft(actor=ministry)
    client.force_login(ministry)
    values = {**SIGNATORY, "rows": [str(decision.pk)], "signed_on": day(today()), "delegation_until": "1/1/2021"}

    page = client.post(reverse("decision:decision_sign"), values)

    assert page.status_code == 422
    assert "la délégation de signature ne vaut pas" in text_of(page)
    assert "Arrêté du 3 mars 2026" in text_of(page)


@pytest.mark.rule("A-32")
def test_editor_reads_nothing_before_taking_note(client):
    decision, _, manager = make_signed("refusal")
    client.force_login(manager)
    address = reverse("decision:decision_detail", args=[decision.pk])

    for page in (client.get(address), client.get(reverse("decision:decision_list"))):
        assert "refus" not in text_of(page).lower()
        assert "Une décision vous attend" in text_of(page)
    for name in ("decision_document", "decision_proof", "decision_verify"):
        assert client.get(reverse(f"decision:{name}", args=[decision.pk])).status_code == 404
    assert Decision.objects.get().state == "signed"

    client.post(reverse("decision:decision_open", args=[decision.pk]))
    shown = text_of(client.get(address))
    assert "Décision de refus de référencement" in shown
    assert "Une condition n’est pas remplie." in shown
    assert "Former un recours" in shown
    assert client.get(reverse("decision:decision_document", args=[decision.pk])).status_code == 200
    proof = text_of(client.get(reverse("decision:decision_proof", args=[decision.pk])))
    assert manager.get_full_name() in proof


def test_file_leads_to_its_newest_act(client):
    decision, _, manager = make_signed("refusal")
    client.force_login(manager)
    tab = reverse("decision:file_decision", args=[decision.candidature_id])

    assert tab in text_of(client.get(reverse("candidature:candidature_detail", args=[decision.candidature_id])))
    assert client.get(tab).url == reverse("decision:decision_detail", args=[decision.pk])


@pytest.mark.rule("A-32")
def test_contributeur_waits_until_somebody_took_note(client):
    decision, _, manager = make_signed("refusal")
    contributor = make_member(decision.enrolment.product.organisation, MembershipType.SALARIE)
    client.force_login(contributor)
    address = reverse("decision:decision_detail", args=[decision.pk])

    page = text_of(client.get(address))
    assert "Prendre connaissance de la décision</button>" not in page
    assert client.post(reverse("decision:decision_open", args=[decision.pk])).status_code == 403

    services.open_decision(decision_id=decision.pk, actor=manager)
    assert "Une condition n’est pas remplie." in text_of(client.get(address))


@pytest.mark.rule("BR-179", "A-33")
def test_editor_contests_and_ministry_answers(client, ministry):
    decision, _, manager = make_notified(actor=ministry)
    client.force_login(manager)
    lodging = reverse("decision:appeal_lodge", args=[decision.pk])

    assert "interrompt le délai" in text_of(client.get(lodging))
    empty = client.post(lodging, {"kind": "gracious", "text": ""})
    assert empty.status_code == 422
    client.post(lodging, {"kind": "gracious", "text": "Nous contestons."})
    appeal = Appeal.objects.get()
    page = reverse("decision:appeal_detail", args=[appeal.pk])
    assert "Interrompu par ce recours" in text_of(client.get(page))

    client.force_login(ministry)
    values = {"outcome": "instruction", "answer": "Vous avez raison."}
    question = client.post(page, values)
    assert question.status_code == 200
    assert Appeal.objects.get().state == "lodged"
    client.post(page, {**values, "confirmed": "1"})
    assert Appeal.objects.get().state == "granted"
    assert Candidature.objects.get(pk=decision.candidature_id).state == CandidatureState.EVALUATION

    client.force_login(manager)
    assert "Vous avez raison." in text_of(client.get(page))


@pytest.mark.rule("A-33")
def test_ministry_records_a_suit_its_ruling_and_an_injunction(client, ministry):
    decision, _, _ = make_notified(actor=ministry)
    client.force_login(ministry)

    client.post(
        reverse("decision:suit_record", args=[decision.pk]),
        {"court": "TA de Paris", "case_number": "1", "claimant": "L’éditeur", "lodged_on": day(today())},
    )
    suit = Suit.objects.get()
    page = reverse("decision:suit_detail", args=[suit.pk])
    ruling = {
        "step": "annul",
        "ruled_on": day(today()),
        "ruling": "Erreur de droit.",
        "injunction": "Réexaminer",
        "injunction_due_on": day(today()),
    }
    assert client.post(page, ruling).status_code == 200
    assert Suit.objects.get().state == "pending"
    client.post(page, {**ruling, "confirmed": "1"})
    assert Decision.objects.get().state == "annulled"
    assert "Réexaminer" in text_of(client.get(page))
    assert "TA de Paris" in text_of(client.get(reverse("decision:decision_home")))

    client.post(reverse("decision:injunction_execute", args=[suit.pk]), {"executed_on": day(today())})
    assert "TA de Paris" not in text_of(client.get(reverse("decision:decision_home")))
    assert "Reprendre le dossier" in text_of(client.get(reverse("decision:decision_detail", args=[decision.pk])))
    client.post(reverse("decision:file_resume", args=[decision.pk]), {"outcome": "reconsidered", "reason": "Jugement"})
    assert Candidature.objects.get(pk=decision.candidature_id).state == CandidatureState.MINISTER


@pytest.mark.rule("A-32")
def test_act_signed_elsewhere_is_uploaded(client, ministry):
    decision, _, _ = make_draft(actor=ministry)
    client.force_login(ministry)
    address = reverse("decision:decision_receive", args=[decision.pk])
    values = {**SIGNATORY, "number": "2026-17", "signed_on": day(today())}

    bare = client.post(address, values)
    assert bare.status_code == 422
    assert "Déposez l’acte signé" in text_of(bare)
    client.post(address, {**values, "file": make_outside_act()})

    assert Decision.objects.get().number == "2026-17"
    original = client.get(reverse("decision:decision_original", args=[decision.pk]))
    assert b"".join(original.streaming_content) == make_outside_act().read()
    assert "signé hors de la plateforme" in text_of(client.get(reverse("decision:decision_detail", args=[decision.pk])))


@pytest.mark.rule("A-32")
def test_letter_is_recorded_on_its_page(client, ministry):
    decision, _, _ = make_signed(actor=ministry)
    client.force_login(ministry)

    client.post(
        reverse("decision:letter_record", args=[decision.pk]),
        {"tracking": "1A 234", "sent_on": day(today()), "received_on": ""},
    )

    assert "1A 234" in text_of(client.get(reverse("decision:decision_detail", args=[decision.pk])))
    assert Decision.objects.get().state == "signed"


@pytest.mark.rule("A-03")
@pytest.mark.parametrize("role", [Role.MINISTRY, Role.CNAM])
def test_party_signs_from_its_page(client, role):
    convention = make_decided()
    client.force_login(make_agent(role))
    address = reverse("decision:convention_list")
    values = {**SIGNATORY, "rows": [str(convention.pk)], "signed_on": day(today())}

    assert convention.enrolment.label in text_of(client.get(address))
    assert client.post(address, values).status_code == 200
    assert not Countersignature.objects.exists()
    client.post(address, {**values, "confirmed": "1"})

    assert Countersignature.objects.count() == 1
    assert "Aucune convention à signer" in text_of(client.get(address))
    detail = text_of(client.get(reverse("decision:convention_detail", args=[convention.enrolment_id])))
    assert "Claude Renard" in detail
    assert "n’a pas besoin d’annexe" in detail


@pytest.mark.parametrize("count", [1, 3])
def test_home_asks_the_same_queries_for_one_row_and_for_three(client, ministry, django_assert_num_queries, count):
    session = None
    for _ in range(count):
        candidature, _ = make_decidable(session=session)
        session = candidature.opinions.get().point.session
        make_draft(actor=ministry)
        make_signed(actor=ministry)
        decision, _, manager = make_notified(actor=ministry)
        services.lodge_appeal(decision_id=decision.pk, kind="gracious", text="Non.", actor=manager)
        services.record_suit(
            decision_id=decision.pk,
            court="TA",
            case_number=decision.number,
            claimant="Lui",
            lodged_on=today(),
            actor=ministry,
        )
    client.force_login(ministry)

    with django_assert_num_queries(11):
        response = client.get(reverse("decision:decision_home"))

    assert response.status_code == 200


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("role", [Role.MINISTRY, Role.CNAM])
def test_list_asks_the_same_queries_for_one_row_and_for_three(client, django_assert_num_queries, role, count):
    person = make_agent(role)
    for _ in range(count):
        make_signed("refusal")
    client.force_login(person)

    with django_assert_num_queries(3):
        response = client.get(reverse("decision:decision_list"))

    assert text_of(response).count("Décision de refus de référencement n°") == count


@pytest.mark.parametrize("count", [1, 3])
def test_conventions_ask_the_same_queries_for_one_row_and_for_three(client, cnam, django_assert_num_queries, count):
    for _ in range(count):
        make_signed()
    client.force_login(cnam)

    with django_assert_num_queries(4):
        response = client.get(reverse("decision:convention_list"))

    assert text_of(response).count("Lire la convention et l’annexe de") == count


def test_list_filters_by_state_kind_and_words(client, ministry):
    refused, _, _ = make_signed("refusal", actor=ministry)
    listed, _, _ = make_signed(actor=ministry)
    client.force_login(ministry)

    def found(**query):
        page = text_of(client.get(reverse("decision:decision_list"), query))
        return [each for each in (refused, listed) if each.number in page]

    assert found() == [refused, listed]
    assert found(nature="listing") == [listed]
    assert found(etat="notified") == []
    assert found(q=refused.enrolment.product.name) == [refused]
    assert found(etat="n’importe") == [refused, listed]


def test_signatory_is_remembered(client, ministry):
    make_signed(actor=ministry)
    make_draft(actor=ministry)
    client.force_login(ministry)

    page = text_of(client.get(reverse("decision:decision_sign")))

    assert make_signatory().delegation in page
