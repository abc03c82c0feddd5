"""Pages of the admissibility: tab « Recevabilité », missing pieces, decisions, documents, experts, pre-flight."""

import re

import pytest
from django.urls import reverse

from convergence.accounts.enums import Role, Theme
from convergence.jobs.models import Job
from convergence.jobs.services import run
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import AdmissibilityAct, AdmissibilityCheck, Candidature
from referencing.candidature.services import declare_inadmissible
from tests.candidature.factories import make_candidature, set_instruction
from tests.candidature.test_admission import CHECKLIST, REASONS
from tests.dossier.factories import answer_core, make_dossier, make_signed_enrolment
from tests.factories import OrganisationFactory, make_agent, make_member

pytestmark = pytest.mark.django_db

SETTINGS = {"checklist": CHECKLIST, "reason_templates": REASONS, "message_templates": {"pieces": "Il nous manque :"}}


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


@pytest.fixture
def verifier(client):
    agent = make_agent(Role.LISTING_TEAM)
    client.force_login(agent)
    return agent


@pytest.fixture
def candidature(verifier):
    found, _ = make_candidature(CandidatureState.ADMISSIBILITY, referent=verifier, complete=False)
    set_instruction(found, **SETTINGS)
    return found


def address(name, candidature, **kwargs):
    return reverse(f"candidature:{name}", kwargs={"pk": candidature.pk, **kwargs})


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def answers(**given):
    """Form data of the whole checklist: `preuves=("no", "note", 0)`."""
    data = {}
    for row in CHECKLIST:
        result, note, version = given.get(row["code"], ("", "", 0))
        code = row["code"]
        data |= {f"{code}-result": result, f"{code}-note": note, f"{code}-version": str(version)}
    return data


class TestChecklistPage:
    def test_shows_what_the_platform_found_and_what_waits(self, client, candidature):
        page = text_of(client.get(address("admissibility_detail", candidature)))

        assert "Structure vérifiée" in page
        assert "1/2 lignes en ordre" in page
        assert "Déclarer recevable" in page
        assert "Demander les pièces manquantes" not in page  # nothing is failing

    def test_answers_are_saved_and_pieces_are_offered(self, client, candidature):
        page = address("admissibility_detail", candidature)

        response = client.post(page, answers(preuves=("no", "Illisible", 0)))

        assert response.url == page
        assert AdmissibilityCheck.objects.get().note == "Illisible"
        assert "Demander les pièces manquantes" in text_of(client.get(page))

    def test_overruling_without_a_note_is_refused_beside_the_line(self, client, candidature):
        organisation = candidature.enrolment.product.organisation
        organisation.verified_at = None
        organisation.save()

        response = client.post(
            address("admissibility_detail", candidature), answers(structure=("yes", "", 0), preuves=("yes", "Lue", 0))
        )

        assert response.status_code == 422
        page = text_of(response)
        assert "le contrôle automatique dit non" in page
        assert "Lue" in page  # nothing typed is lost
        assert not AdmissibilityCheck.objects.exists()

    def test_two_people_on_one_line_are_shown_both_answers(self, client, candidature):
        page = address("admissibility_detail", candidature)
        client.force_login(make_agent(Role.LISTING_TEAM))
        client.post(page, answers(preuves=("no", "Page 3 illisible", 0)))

        response = client.post(page, answers(preuves=("yes", "Je la lis bien", 0)))

        assert response.status_code == 409
        shown = re.sub(r"<[^>]+>", "", text_of(response))  # each word that differs is marked
        assert "Page 3 illisible" in shown
        assert "Je la lis bien" in shown
        assert AdmissibilityCheck.objects.get().result == "no"
        again = client.post(page, answers(preuves=("yes", "Je la lis bien", 1)))
        assert again.status_code == 302
        assert AdmissibilityCheck.objects.get().result == "yes"

    @pytest.mark.parametrize("count", [1, 3])
    def test_query_count_does_not_grow_with_the_lines(self, client, candidature, django_assert_num_queries, count):
        rows = [{"code": f"l{rank}", "label": f"Ligne {rank}", "auto": "evidence_scanned"} for rank in range(count)]
        set_instruction(candidature, checklist=rows)
        page = address("admissibility_detail", candidature)
        client.get(page)
        with django_assert_num_queries(9):
            response = client.get(page)

        assert len(response.context["all_forms"]) == count

    def test_editor_does_not_read_the_notes(self, client, candidature):
        client.force_login(candidature.applied_by)

        assert client.get(address("admissibility_detail", candidature)).status_code == 403

    def test_stranger_finds_nothing(self, client, candidature):
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(address("admissibility_detail", candidature)).status_code == 404

    def test_support_reads_and_does_not_answer(self, client, candidature):
        client.force_login(make_agent(Role.SUPPORT))
        page = address("admissibility_detail", candidature)

        assert "Enregistrer les réponses" not in text_of(client.get(page))
        assert client.post(page, answers(preuves=("yes", "", 0))).status_code == 403


class TestDecisions:
    def test_admissible_lists_every_blocker_with_its_line(self, client, candidature):
        response = client.post(address("candidature_declare_admissible", candidature))

        assert response.status_code == 422
        page = address("admissibility_detail", candidature)
        assert f'href="{page}#ligne-preuves"' in text_of(response)
        asked = client.get(address("candidature_declare_admissible", candidature))
        assert asked.status_code == 422

    def test_admissible_asks_first_then_leads_to_the_experts(self, client, candidature):
        client.post(address("admissibility_detail", candidature), answers(preuves=("yes", "", 0)))
        deed = address("candidature_declare_admissible", candidature)

        assert "L’évaluation commence" in text_of(client.get(deed))
        response = client.post(deed)

        assert response.url == address("expert_list", candidature)
        assert Candidature.objects.get().state == CandidatureState.EVALUATION
        again = client.get(deed)
        assert again.url == address("admissibility_detail", candidature)

    @pytest.mark.rule("A-18")
    def test_pieces_are_composed_from_the_failing_lines(self, client, candidature):
        organisation = candidature.enrolment.product.organisation
        organisation.verified_at = None
        organisation.save()
        client.post(address("admissibility_detail", candidature), answers(preuves=("no", "", 0)))

        offered = client.get(address("admissibility_detail", candidature)).context["ask_url"]
        assert offered == f"{address('request_create', candidature)}?critere=structure&critere=preuves"

        composed = text_of(client.get(offered))
        assert "Il nous manque :" in composed
        assert "La preuve, lisible" in composed
        assert f"Un extrait\n{organisation} n’est pas encore une structure vérifiée." in composed

    def test_inadmissible_says_why_not_yet(self, client, candidature):
        page = text_of(client.get(address("candidature_declare_inadmissible", candidature)))

        assert "Demandez d’abord à l’éditeur les pièces manquantes" in page

    def test_inadmissible_needs_reasons_delegation_and_remedies(self, client, candidature):
        response = client.post(address("candidature_declare_inadmissible", candidature), {"text": "Trop tôt"})

        assert response.status_code == 422
        page = text_of(response)
        for words in ("Choisissez au moins un motif.", "Indiquez la délégation de signature.", "Trop tôt"):
            assert words in page
        assert not AdmissibilityAct.objects.exists()

    @pytest.mark.rule("A-01")
    def test_inadmissible_shows_the_act_before_it_is_taken_and_both_sides_download_it(self, client, candidature):
        deed = address("candidature_declare_inadmissible", candidature)
        values = {
            "reasons": ["hors-champ"],
            "text": "Réservé aux soignants",
            "delegation": "N° 1",
            "remedies": "Recours",
        }

        asked = text_of(client.post(deed, values))
        assert "Le service est hors du champ." in asked
        assert not AdmissibilityAct.objects.exists()
        edited = client.post(deed, values | {"edit": "1"})
        assert "Réservé aux soignants" in text_of(edited)

        client.post(deed, values | {"confirmed": "1"})
        run(job_id=Job.objects.get(kind="candidature.issue").pk)
        for person in (candidature.referent, candidature.applied_by):
            client.force_login(person)
            home = text_of(client.get(address("candidature_detail", candidature)))
            assert "Décision d’irrecevabilité" in home
            assert "Réservé aux soignants" in home
            document = client.get(address("issued_document", candidature, kind="irrecevabilite"))
            assert b"".join(document.streaming_content).startswith(b"%PDF-")

    def test_documents_of_a_stranger_are_not_found(self, client, candidature, verifier):
        declare_inadmissible(
            candidature_id=candidature.pk,
            reasons=["hors-champ"],
            text="Non",
            delegation="N° 1",
            remedies="Recours",
            actor=verifier,
        )
        run(job_id=Job.objects.get(kind="candidature.issue").pk)
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(address("issued_document", candidature, kind="irrecevabilite")).status_code == 404

    def test_document_that_does_not_exist_is_not_found(self, client, candidature):
        for kind in ("accuse-de-reception", "autre"):
            assert client.get(address("issued_document", candidature, kind=kind)).status_code == 404


@pytest.mark.rule("A-21")
def test_taking_charge_without_a_declaration_says_where_to_declare(client):
    candidature, _ = make_candidature(CandidatureState.APPLIED, complete=False)
    client.force_login(make_agent(Role.LISTING_TEAM, has_declared=False))

    response = client.post(address("candidature_take", candidature))

    assert response.status_code == 422
    assert reverse("candidature:interest_list") in text_of(response)
    assert Candidature.objects.get().state == CandidatureState.APPLIED


class TestExpertsPage:
    THEME = Theme.INTEROPERABILITE

    @pytest.fixture
    def evaluated(self, verifier):
        return make_candidature(referent=verifier, complete=False)[0]

    def test_assigns_and_says_what_the_expert_carries(self, client, evaluated):
        expert = make_agent(Role.EXPERT, self.THEME)
        page = address("expert_list", evaluated)

        assert "aucun dossier en cours" in text_of(client.get(page))
        response = client.post(page, {f"{self.THEME}-expert": str(expert.pk), f"{self.THEME}-was": ""})

        assert response.url == page
        assert f"{expert}, 1 dossier en cours" in text_of(client.get(page))

    def test_person_who_may_not_is_named_with_the_reason_and_not_offered(self, client, evaluated):
        expert = make_agent(Role.EXPERT, self.THEME, has_declared=False)

        page = text_of(client.get(address("expert_list", evaluated)))

        assert "1 personne empêchée" in page
        assert "n’a pas encore déclaré" in page
        assert f'value="{expert.pk}"' not in page

    def test_stale_choice_is_refused_beside_its_theme(self, client, evaluated):
        first, second = make_agent(Role.EXPERT, self.THEME), make_agent(Role.EXPERT, self.THEME)
        page = address("expert_list", evaluated)
        client.post(page, {f"{self.THEME}-expert": str(first.pk), f"{self.THEME}-was": ""})

        response = client.post(page, {f"{self.THEME}-expert": str(second.pk), f"{self.THEME}-was": ""})

        assert response.status_code == 422
        assert "Un collègue a changé" in text_of(response)
        assert evaluated.reviews.get(theme=self.THEME).expert == first

    @pytest.mark.rule("BR-110")
    def test_says_to_wait_before_the_file_is_admissible(self, client, candidature):
        page = text_of(client.get(address("expert_list", candidature)))

        assert "une fois la candidature déclarée recevable" in page

    @pytest.mark.parametrize("count", [1, 3])
    def test_query_count_does_not_grow_with_people(self, client, evaluated, django_assert_num_queries, count):
        for _ in range(count):
            make_agent(Role.EXPERT, self.THEME)
        page = address("expert_list", evaluated)
        client.get(page)
        with django_assert_num_queries(8):
            client.get(page)


class TestPreflight:
    def page(self, client, enrolment, **params):
        return client.get(reverse("candidature:preflight_detail", args=[enrolment.pk]), params)

    def test_editor_sees_what_a_verifier_would_see_with_the_way_to_mend_it(self, client):
        dossier, manager = make_dossier(complete=False)
        rows = [*CHECKLIST, {"code": "complet", "label": "Dossier complet", "auto": "complete"}]
        set_instruction(dossier.enrolment, checklist=rows)
        client.force_login(manager)

        page = text_of(self.page(client, dossier.enrolment))

        assert "1 point à corriger" in page
        assert reverse("enrolment:questionnaire_form", args=[dossier.enrolment_id, "ethique"]) in page
        assert "Vérifié par une personne" in page
        assert "Candidater avec ce dossier" not in page

    def test_answers_are_checked_before_any_dossier_exists(self, client):
        enrolment, manager = make_signed_enrolment()
        set_instruction(enrolment, checklist=CHECKLIST)
        client.force_login(manager)
        assert "Rien à vérifier pour le moment" in text_of(self.page(client, enrolment))

        answer_core(enrolment)

        page = text_of(self.page(client, enrolment))
        assert "vous n’avez pas encore généré de dossier" in page
        assert "Structure vérifiée" in page

    def test_candidater_shows_the_same_lines_before_the_button(self, client):
        dossier, manager = make_dossier()
        set_instruction(dossier.enrolment, checklist=CHECKLIST)
        organisation = dossier.enrolment.product.organisation
        organisation.verified_at = None
        organisation.save()
        client.force_login(manager)

        response = client.get(
            reverse("candidature:candidature_apply", args=[dossier.enrolment_id]), {"dossier": dossier.reference}
        )

        page = text_of(response)
        assert "1 point à corriger" in page
        assert "n’est pas encore une structure vérifiée" in page
        assert "Vous candidatez avec le dossier" in page

    def test_list_of_dossiers_leads_there(self, client):
        dossier, manager = make_dossier(complete=False)
        client.force_login(manager)

        page = text_of(client.get(reverse("candidature:dossier_list", args=[dossier.enrolment_id])))

        assert reverse("candidature:preflight_detail", args=[dossier.enrolment_id]) in page

    def test_stranger_finds_nothing(self, client):
        dossier, _ = make_dossier(complete=False)
        client.force_login(make_member(OrganisationFactory()))

        assert self.page(client, dossier.enrolment).status_code == 404
