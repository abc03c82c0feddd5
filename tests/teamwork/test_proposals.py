"""Proposals of people without an account: the link, its page, what the editor makes of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.audit.models import AuditEntry
from convergence.jobs.models import Job
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from convergence.settings.logging import hide_secrets
from evidence.enums import ScanState
from evidence.errors import UploadRefused
from evidence.models import Blob
from questionnaires.models import Answer, Deposit
from questionnaires.services import preview_consequences
from referencing.enrolment.models import Enrolment
from referencing.teamwork.enums import ProposalState
from referencing.teamwork.models import Proposal, ProposalLink
from referencing.teamwork.services import LinkClosed, accept, create_link, reject, revoke_link
from referencing.teamwork.views.public import SENT_LIMIT, UNKNOWN_LIMIT
from tests.factories import UserFactory, make_agent
from tests.questionnaires.factories import answer, orient, pdf
from tests.teamwork.factories import (
    DOCUMENTS,
    ETHICS,
    LEVELS,
    expire,
    mailed_token,
    make_link,
    make_proposal,
    make_team,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


def codes(refusal) -> list[str]:
    return [blocker.code for blocker in refusal.value.blockers]


def public(token: str) -> str:
    return reverse("teamwork:proposal_form", args=[token])


def ask(enrolment, actor, **fields):
    given = {"criterion": ETHICS, "email": "Jo@Hebergeur.example", "days": 14, "message": "Pouvez-vous répondre ?"}
    return create_link(enrolment_id=enrolment.pk, actor=actor, at=timezone.now(), **(given | fields))


class TestInviting:
    def test_the_link_leaves_by_mail_and_its_token_is_kept_nowhere(self, django_capture_on_commit_callbacks):
        enrolment, manager, _ = make_team()

        with django_capture_on_commit_callbacks(execute=True):
            link = ask(enrolment, manager)

        assert mail.outbox[-1].to == ["jo@hebergeur.example"]
        token = mailed_token()
        assert "Pouvez-vous répondre ?" in mail.outbox[-1].body
        assert token not in str(ProposalLink.objects.filter(pk=link.pk).values().get())
        assert token not in str(list(AuditEntry.objects.values()))
        assert token not in str(list(Job.objects.values()))

    def test_the_address_is_hidden_from_the_logs(self):
        line = hide_secrets(None, "", {"path": "/proposer/secret-token/"})

        assert line["path"] == "/proposer/…/"

    def test_every_reason_is_told_at_once(self):
        enrolment, manager, _ = make_team()

        with pytest.raises(TransitionRefused) as refusal:
            ask(enrolment, manager, criterion="DEV.1.3", days=90)

        assert codes(refusal) == ["not_shown", "days"]

    def test_only_members_invite(self):
        enrolment, _, _ = make_team()

        with pytest.raises(PermissionDenied):
            ask(enrolment, make_agent(Role.LISTING_TEAM))
        with pytest.raises(Enrolment.DoesNotExist):
            ask(enrolment, UserFactory())

    def test_the_page_sends_the_link(self, client, django_capture_on_commit_callbacks):
        enrolment, _, colleague = make_team()
        client.force_login(colleague)
        address = reverse("teamwork:proposal_link_create", args=[enrolment.pk, ETHICS])

        refused = client.post(address, {"email": "nulle part", "message": "Gardez-moi", "days": "14"})
        with django_capture_on_commit_callbacks(execute=True):
            sent = client.post(address, {"email": "jo@hebergeur.example", "message": "", "days": "7"})

        assert (refused.status_code, sent.status_code) == (422, 302)
        assert "Gardez-moi" in refused.content.decode()
        assert mailed_token()


class TestPublicPage:
    def test_it_shows_the_criterion_and_nothing_else_of_the_product(self, client):
        enrolment, manager, _ = make_team()
        answer(enrolment.response, "ethique", {ETHICS: {"compliance": "non_conforme"}})
        Answer.objects.filter(code=ETHICS).update(comment="Secret de famille")
        answer(enrolment.response, "ethique", {"DEV.1.1": {"compliance": "conforme", "number": 12}})
        link, token = make_link(enrolment, manager)

        response = client.get(public(token))

        content = response.content.decode()
        assert response.status_code == 200
        assert "DEV.1.2 Accessibilité" in content
        assert "Déclaration d’accessibilité" in content
        assert enrolment.product.name in content
        for hidden in ("Secret de famille", "DEV.1.1", "checked", str(enrolment.pk), enrolment.label):
            assert hidden not in content
        link.refresh_from_db()
        assert link.opened_at

    def test_it_sets_the_cookie_of_its_form_alone_and_is_kept_nowhere(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)

        response = client.get(public(token))

        assert set(response.cookies) <= {"csrftoken"}
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert response["Referrer-Policy"] == "same-origin"  # the address itself is the key

    def test_levels_are_offered_with_their_guidance(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager, LEVELS)

        content = client.get(public(token)).content.decode()

        assert "Maturité forte" in content
        assert "Internationales" in content

    def test_encrypted_documents_are_not_asked_for(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager, DOCUMENTS)

        content = client.get(public(token)).content.decode()

        assert 'name="file-cgu"' in content
        assert 'name="file-aipd"' not in content
        assert "remettez-les directement" in content

    def test_what_is_sent_lands_as_a_proposal(self, client, django_capture_on_commit_callbacks):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        posted = {"author_name": "Jo Martin", "author_organisation": "Hébergeur", "compliance": "conforme"}

        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(
                public(token), {**posted, "comment": "Voir l’audit.", "file-declaration": pdf("audit.pdf")}
            )

        assert response.status_code == 302
        assert "Votre proposition est envoyée" in client.get(public(token)).content.decode()
        proposal = Proposal.objects.get()
        assert proposal.value == {"compliance": "conforme"}
        assert [(each.evidence_type, each.file.name) for each in proposal.files.all()] == [("declaration", "audit.pdf")]
        assert not Answer.objects.filter(code=ETHICS).exists()
        assert not Deposit.objects.exists()
        assert Notification.objects.get(recipient=manager).sender == "Jo Martin (Hébergeur)"

    def test_a_number_keeps_its_digits(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager, "DEV.1.1")

        client.post(public(token), {"author_name": "Jo", "compliance": "conforme", "value": "72,50", "comment": ""})

        assert Proposal.objects.get().value == {"compliance": "conforme", "number": "72.50"}

    @pytest.mark.parametrize(
        ("posted", "message"),
        [
            ({"author_name": "", "compliance": "conforme"}, "Indiquez votre nom."),
            ({"author_name": "Jo"}, "Proposez une réponse, un commentaire ou un fichier."),
            ({"author_name": "Jo", "compliance": "parfait"}, "Choisissez une des réponses proposées."),
        ],
    )
    def test_a_refusal_keeps_what_was_typed(self, client, posted, message):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)

        response = client.post(public(token), {"author_organisation": "Hébergeur gardé", "comment": "", **posted})

        assert response.status_code == 422
        assert message in response.content.decode()
        assert "Hébergeur gardé" in response.content.decode()
        assert not Proposal.objects.exists()

    def test_files_are_checked_as_any_evidence(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        script = SimpleUploadedFile("preuve.pdf", b"#!/bin/sh\necho", "application/pdf")

        response = client.post(public(token), {"author_name": "Jo", "comment": "x", "file-declaration": script})

        assert response.status_code == 422
        assert not Proposal.objects.exists()
        assert not Blob.objects.exists()

    def test_a_virus_is_refused(self):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        eicar = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
        infected = pdf()
        infected.file.seek(0, 2)
        infected.file.write(eicar)
        infected.size = infected.file.tell()
        infected.file.seek(0)

        with pytest.raises(UploadRefused) as refusal:
            make_proposal(token, uploads=[("declaration", infected)])

        assert [problem.code for problem in refusal.value.problems] == ["infected"]
        assert not Proposal.objects.exists()

    def test_posting_twice_makes_one_proposal(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)

        for _ in range(2):
            assert client.post(public(token), {"author_name": "Jo", "comment": "Voilà"}).status_code == 302

        assert Proposal.objects.count() == 1
        with pytest.raises(TransitionRefused) as refusal:
            make_proposal(token)
        assert codes(refusal) == ["pending"]

    @pytest.mark.parametrize("end", ["expired", "revoked", "not_asked", "closed"])
    def test_a_link_that_ended_takes_nothing(self, client, end):
        enrolment, manager, _ = make_team()
        make = _link_of_a_shown_criterion if end == "not_asked" else make_link
        link, token = make(enrolment, manager)
        match end:
            case "expired":
                expire(link)
            case "revoked":
                revoke_link(link_id=link.pk, actor=manager, at=timezone.now())
            case "not_asked":
                _hide_measures(enrolment)
            case "closed":
                workflow.fire(Enrolment.objects.get(pk=enrolment.pk), "close", actor=None)

        shown = client.get(public(token))
        sent = client.post(public(token), {"author_name": "Jo", "comment": "Trop tard"})

        assert (shown.status_code, sent.status_code) == (200, 410)
        assert "Objectif" not in shown.content.decode()
        with pytest.raises(LinkClosed):
            make_proposal(token)

    def test_unknown_links_are_told_then_paused(self, client):
        statuses = [client.get(public(f"inconnu-{index}")).status_code for index in range(UNKNOWN_LIMIT + 1)]

        assert statuses == [404] * UNKNOWN_LIMIT + [429]

    def test_a_link_receives_a_limited_number_of_postings(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        statuses = [
            client.post(public(token), {"author_name": "", "comment": "Encore"}).status_code
            for _ in range(SENT_LIMIT + 1)
        ]

        assert statuses == [422] * SENT_LIMIT + [429]


def _link_of_a_shown_criterion(enrolment, manager):
    orient(enrolment.response, confirmed=_token(enrolment, Q3=["mesures"]), Q3=["mesures"])
    return make_link(enrolment, manager, "DEV.1.3")


def _hide_measures(enrolment) -> None:
    orient(enrolment.response, confirmed=_token(enrolment, Q3=["documents"]))


def _token(enrolment, **answers) -> str:
    answer(enrolment.response, values=answers)
    return preview_consequences(response=enrolment.response).token


class TestExamining:
    def test_accepting_writes_the_answer_and_its_evidence(self, django_capture_on_commit_callbacks):
        enrolment, manager, colleague = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token, uploads=[("declaration", pdf("audit.pdf"))])
        file = proposal.files.get()

        with django_capture_on_commit_callbacks(execute=True):
            accept(
                proposal_id=proposal.pk,
                parts=["answer", "comment", str(file.pk)],
                base_version=0,
                actor=colleague,
                at=timezone.now(),
            )

        written = Answer.objects.get(response=enrolment.response, code=ETHICS)
        assert (written.value, written.comment, written.updated_by) == (
            {"compliance": "conforme"}, "Audit joint.", colleague,
        )  # fmt: skip
        deposit = Deposit.objects.get(response=enrolment.response)
        assert (deposit.criterion, deposit.evidence_type, deposit.file) == (ETHICS, "declaration", file.file)
        proposal.refresh_from_db()
        assert (proposal.state, proposal.decided_by) == (ProposalState.ACCEPTED, colleague)
        entry = AuditEntry.objects.get(action="proposal.accept")
        assert entry.data["author"] == "Jo Martin (Hébergeur du Nord)"
        assert mail.outbox[-1].to == ["jo@hebergeur.example"]

    def test_its_author_is_shown_until_the_answer_changes(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)
        accept(proposal_id=proposal.pk, parts=["answer"], base_version=0, actor=manager, at=timezone.now())
        client.force_login(manager)
        address = reverse("enrolment:questionnaire_form", args=[enrolment.pk, "ethique"])

        assert "Réponse proposée par Jo Martin (Hébergeur du Nord)" in client.get(address).content.decode()
        answer(enrolment.response, "ethique", {ETHICS: {"compliance": "non_conforme"}})
        assert "Réponse proposée par" not in client.get(address).content.decode()

    def test_only_what_is_ticked_is_taken_over(self):
        enrolment, manager, _ = make_team()
        answer(enrolment.response, "ethique", {ETHICS: {"compliance": "non_conforme"}})
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token, uploads=[("plan", pdf())])

        accept(proposal_id=proposal.pk, parts=["comment"], base_version=1, actor=manager, at=timezone.now())

        written = Answer.objects.get(code=ETHICS)
        assert (written.value, written.comment) == ({"compliance": "non_conforme"}, "Audit joint.")
        assert not Deposit.objects.exists()

    def test_a_half_that_the_proposal_leaves_empty_is_emptied(self):
        enrolment, manager, _ = make_team()
        answer(enrolment.response, "ethique", {"DEV.1.1": {"compliance": "conforme", "number": 12}})
        _, token = make_link(enrolment, manager, "DEV.1.1")
        proposal = make_proposal(token, value={"compliance": "non_conforme"})

        accept(proposal_id=proposal.pk, parts=["answer"], base_version=1, actor=manager, at=timezone.now())

        assert Answer.objects.get(code="DEV.1.1").value == {"compliance": "non_conforme"}

    def test_an_answer_that_changed_meanwhile_is_not_overwritten(self):
        enrolment, manager, colleague = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)
        answer(enrolment.response, "ethique", {ETHICS: {"compliance": "non_conforme"}}, actor=colleague)

        with pytest.raises(TransitionRefused) as refusal:
            accept(proposal_id=proposal.pk, parts=["answer"], base_version=0, actor=manager, at=timezone.now())

        assert codes(refusal) == ["stale"]
        assert str(colleague) in str(refusal.value)
        proposal.refresh_from_db()
        assert proposal.state is ProposalState.PENDING

    def test_nothing_chosen_and_infected_files_are_refused(self):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token, uploads=[("plan", pdf())])

        with pytest.raises(TransitionRefused) as nothing:
            accept(proposal_id=proposal.pk, parts=[], base_version=0, actor=manager, at=timezone.now())
        assert codes(nothing) == ["nothing_chosen"]

        file = proposal.files.get()
        blob = file.file.blob
        if blob.state == ScanState.CLEAN:
            blob.request_scan(at=timezone.now())
            blob.save()
        blob.mark_infected(at=timezone.now(), scanner="essai")
        blob.save()
        with pytest.raises(TransitionRefused) as infected:
            accept(proposal_id=proposal.pk, parts=[str(file.pk)], base_version=0, actor=manager, at=timezone.now())
        assert codes(infected) == ["infected"]

    def test_rejecting_tells_the_author_why_and_lets_them_try_again(self, client, django_capture_on_commit_callbacks):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)

        with django_capture_on_commit_callbacks(execute=True):
            reject(proposal_id=proposal.pk, why="L’audit est trop ancien.", actor=manager, at=timezone.now())

        assert "L’audit est trop ancien." in mail.outbox[-1].body
        assert "L’audit est trop ancien." in client.get(public(token)).content.decode()
        assert make_proposal(token).state is ProposalState.PENDING
        assert not Answer.objects.filter(code=ETHICS).exists()

    def test_a_refusal_gives_its_reason(self):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)

        with pytest.raises(TransitionRefused) as refusal:
            reject(proposal_id=make_proposal(token).pk, why="  ", actor=manager, at=timezone.now())

        assert codes(refusal) == ["reason"]

    def test_a_proposal_is_examined_once(self):
        enrolment, manager, colleague = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)
        reject(proposal_id=proposal.pk, why="Non.", actor=manager, at=timezone.now())

        with pytest.raises(TransitionRefused) as refusal:
            accept(proposal_id=proposal.pk, parts=["answer"], base_version=0, actor=colleague, at=timezone.now())

        assert codes(refusal) == ["decided"]
        proposal.refresh_from_db()
        proposal.decision_reason = "Autre"
        with pytest.raises(DatabaseError), transaction.atomic():
            proposal.save()

    def test_the_database_keeps_what_was_proposed(self):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)

        with pytest.raises(DatabaseError), transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(comment="Autre")
        with pytest.raises(IntegrityError, match="proposal_decision_is_whole"), transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(is_accepted=True)

    def test_strangers_and_agents_examine_nothing(self):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)

        for person in (UserFactory(), make_agent(Role.LISTING_TEAM)):
            with pytest.raises(Proposal.DoesNotExist):
                reject(proposal_id=proposal.pk, why="Non.", actor=person, at=timezone.now())


class TestPages:
    def test_compare_then_accept(self, client):
        enrolment, manager, _ = make_team()
        answer(enrolment.response, "ethique", {ETHICS: {"compliance": "non_conforme"}})
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)
        client.force_login(manager)
        address = reverse("teamwork:proposal_detail", args=[enrolment.pk, proposal.pk])

        content = client.get(address).content.decode()
        assert "Non conforme" in content
        assert "Audit joint." in content

        response = client.post(f"{address}reprendre/", {"parts": ["answer", "comment"], "version": "1"})
        assert response.url.endswith("/questionnaires/ethique/#field-DEV.1.2")
        assert Answer.objects.get(code=ETHICS).value == {"compliance": "conforme"}
        assert client.post(f"{address}reprendre/", {"parts": ["answer"], "version": "2"}).status_code == 422

    def test_rejecting_without_a_reason_shows_the_page_again(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token)
        client.force_login(manager)
        address = reverse("teamwork:proposal_reject", args=[enrolment.pk, proposal.pk])

        assert client.post(address, {"why": ""}).status_code == 422
        assert client.post(address, {"why": "Non."}).status_code == 302
        proposal.refresh_from_db()
        assert proposal.state is ProposalState.REJECTED

    def test_a_proposed_file_is_downloaded_by_members_alone(self, client):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token, uploads=[("plan", pdf("plan.pdf"))])
        address = reverse("teamwork:proposal_file", args=[enrolment.pk, proposal.pk, proposal.files.get().pk])

        client.force_login(make_agent(Role.LISTING_TEAM))
        assert client.get(address).status_code == 404
        client.force_login(manager)
        response = client.get(address)
        assert "plan.pdf" in response["Content-Disposition"]
        assert b"".join(response.streaming_content).startswith(b"%PDF")

    def test_revoking_asks_first(self, client):
        enrolment, manager, _ = make_team()
        link, token = make_link(enrolment, manager)
        client.force_login(manager)
        address = reverse("teamwork:proposal_link_revoke", args=[enrolment.pk, link.pk])

        assert "ne pourra plus rien proposer" in client.get(address).content.decode()
        assert client.post(address).status_code == 302
        assert "annulé" in client.get(public(token)).content.decode()

    @pytest.mark.parametrize("count", [1, 3])
    def test_query_count_is_constant(self, client, django_assert_num_queries, count):
        enrolment, manager, _ = make_team()
        for index in range(count):
            _, token = make_link(enrolment, manager, email=f"jo{index}@hebergeur.example")
            make_proposal(token, uploads=[("plan", pdf())])
        client.force_login(manager)

        with django_assert_num_queries(6):
            response = client.get(reverse("teamwork:proposal_list", args=[enrolment.pk]))

        assert len(response.context["proposals"]) == len(response.context["links"]) == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_comparing_costs_the_same_for_one_file_and_for_three(self, client, django_assert_num_queries, count):
        enrolment, manager, _ = make_team()
        _, token = make_link(enrolment, manager)
        proposal = make_proposal(token, uploads=[("plan", pdf()) for _ in range(count)])
        client.force_login(manager)

        with django_assert_num_queries(8):
            client.get(reverse("teamwork:proposal_detail", args=[enrolment.pk, proposal.pk]))


def test_a_link_is_worth_its_days():
    enrolment, manager, _ = make_team()
    link, _ = make_link(enrolment, manager)

    states = [link.state_at(link.expires_at - timedelta(seconds=seconds)).value for seconds in (1, 0)]

    assert states == ["open", "expired"]
