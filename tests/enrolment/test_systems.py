"""Several systems: one set of answers, an exception for a criterion that differs on one of them, in every output."""

from __future__ import annotations

import json
from decimal import Decimal
from io import BytesIO
from typing import Any

import pgtrigger
import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pypdfium2 import PdfDocument

from convergence.accounts.enums import MembershipType, Role
from convergence.accounts.models import User
from convergence.audit.models import AuditEntry
from convergence.jobs.models import Job
from convergence.kernel.errors import TransitionRefused
from evidence.enums import ScanState
from evidence.models import Blob
from referencing.candidature.content import find_files, load_criteria
from referencing.candidature.enums import CandidatureState
from referencing.dossier.models import Dossier, DossierFile
from referencing.dossier.outputs import make_pdf, make_xlsx, present
from referencing.dossier.readers import parse_payload, read_payload
from referencing.dossier.services import generate_dossier
from referencing.dossier.verification import verify_reference
from referencing.enrolment.enums import ExceptionState
from referencing.enrolment.models import Enrolment, OsException
from referencing.enrolment.systems import services
from tests.candidature.factories import make_candidature
from tests.dossier.factories import make_signed_enrolment
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import deposit, finish, orient, pdf

pytestmark = pytest.mark.django_db

#: In the small grid, this question stands for the one that lists the systems.
SYSTEMS = {"systems": {"question": "Q3"}}
BOTH = ["mesures", "documents"]
PLAIN = "Sur ce système, les codes viennent du magasin d’applications."


def make_answering(*ticked: str) -> tuple[Enrolment, User]:
    """Core and ethics answered; `ticked` systems, two by default."""
    enrolment, manager = make_signed_enrolment()
    enrolment.demarche.settings = {**enrolment.demarche.settings, **SYSTEMS}
    enrolment.demarche.save(update_fields=["settings"])
    orient(enrolment.response, Q3=list(ticked) or BOTH)
    finish(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "2"}, "A06.1.3": {"level": "1"}})
    for criterion, evidence in (("DEV.1.2", "declaration"), ("DEV.1.3", "captures")):
        deposit(enrolment.response, criterion, evidence)
    compliant = {"compliance": "conforme"}
    ethics = {"DEV.1.1": {**compliant, "number": Decimal("63.2")}, "DEV.1.2": compliant, "DEV.1.3": compliant}
    finish(enrolment.response, "ethique", ethics)
    enrolment.refresh_from_db()
    return enrolment, manager


def open_on(enrolment: Enrolment, actor: User, criterion: str = "A06.1.2", system: str = "documents") -> OsException:
    return services.open_exception(enrolment_id=enrolment.pk, criterion=criterion, system=system, actor=actor)


def fill(exception: OsException, actor: User, **fields: Any) -> OsException:
    values = {"value": {"level": "1"}, "comment": PLAIN, "base_version": exception.version, **fields}
    return services.save_exception(exception_id=exception.pk, actor=actor, **values)


def agree(exception: OsException, editor: User) -> OsException:
    services.ask_agreement(exception_id=exception.pk, actor=editor)
    return services.decide_exception(
        exception_id=exception.pk, is_agreed=True, note="", actor=make_agent(Role.LISTING_TEAM)
    )


def make_agreed() -> tuple[Enrolment, User]:
    """An agreed answer by level without evidence, and one by compliance with a file."""
    enrolment, manager = make_answering()
    agree(fill(open_on(enrolment, manager), manager), manager)
    second = open_on(enrolment, manager, "DEV.1.2")
    services.add_exception_file(
        exception_id=second.pk, evidence_type="declaration", upload=pdf("ios.pdf"), actor=manager
    )
    second.refresh_from_db()
    fill(second, manager, value={"compliance": "conforme"}, comment="Une autre déclaration.")
    agree(second, manager)
    return enrolment, manager


def codes(refusal: Any) -> list[str]:
    return [each.code for each in refusal.value.blockers]


def test_an_agreed_exception_is_frozen_with_its_evidence_and_stands_beside_the_common_answer() -> None:
    enrolment, manager = make_agreed()

    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    rows = {row["code"]: row for part in read_payload(dossier)["questionnaires"] for row in part["criteria"]}
    level, declared = rows["A06.1.2"]["exceptions"][0], rows["DEV.1.2"]["exceptions"][0]
    assert rows["A06.1.2"]["answer"] == {"level": "2"}
    assert rows["A06.1.2"]["is_reached"] is True
    assert (level["system_text"], level["answer"], level["is_reached"]) == ("Documents", {"level": "1"}, False)
    assert level["comment"] == PLAIN
    assert [item["name"] for item in declared["evidence"]] == ["ios.pdf"]
    assert rows["DEV.1.1"]["exceptions"] == []
    assert DossierFile.objects.filter(dossier=dossier, name="ios.pdf", criterion="DEV.1.2").count() == 1
    assert verify_reference(dossier.reference).problems == []


def test_page_workbook_and_pdf_show_exceptions(client: Client) -> None:
    enrolment, manager = make_agreed()
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    job = Job(payload={"dossier": str(dossier.pk)})

    client.force_login(manager)
    page = client.get(reverse("candidature:dossier_detail", args=[dossier.pk])).content.decode()
    book = load_workbook(BytesIO(make_xlsx(job, lambda *_: None).content))
    cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    document = make_pdf(job, lambda *_: None)

    assert "Exception sur Documents" in page
    assert PLAIN in page
    assert "ios.pdf" in page
    assert any(f"Documents : Maturité faible – Internes (non atteint)\n{PLAIN}" in cell for cell in cells)
    assert any("ios.pdf (SHA-256" in cell for cell in cells)
    shown = present(read_payload(dossier))["questionnaires"][0]["criteria"]
    assert "Maturité faible – Internes" in [e["answer_text"] for row in shown for e in row["exceptions"]]
    assert "Exception sur Documents" in text_of_pdf(document.content)


def text_of_pdf(content: bytes) -> str:
    document = PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document).replace("\r\n", " ")


def test_experts_read_exceptions_and_open_their_evidence() -> None:
    enrolment, manager = make_agreed()
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    candidature, _ = make_candidature(CandidatureState.EVALUATION, dossier=dossier)

    found = {each.code: each for each in load_criteria(candidature)}

    assert [each.system for each in found["A06.1.2"].exceptions] == ["Documents"]
    assert found["DEV.1.2"].evidence[-1].label.endswith("(Documents)")
    sha256 = found["DEV.1.2"].exceptions[0].evidence[0].sha256
    assert find_files(candidature, [sha256])[sha256].name == "ios.pdf"


def test_the_review_page_shows_the_exception(client: Client) -> None:
    enrolment, manager = make_agreed()
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    verifier = make_agent(Role.LISTING_TEAM)
    candidature, _ = make_candidature(CandidatureState.EVALUATION, dossier=dossier, referent=verifier)

    client.force_login(verifier)
    page = client.get(reverse("candidature:criterion_review", args=[candidature.pk, "DEV.1.2"])).content.decode()

    assert "Exception sur Documents" in page
    assert "Une autre déclaration." in page
    assert "ios.pdf" in page


def test_what_is_not_agreed_to_is_not_frozen() -> None:
    enrolment, manager = make_answering()
    exception = fill(open_on(enrolment, manager), manager)
    services.ask_agreement(exception_id=exception.pk, actor=manager)

    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert b"magasin" not in bytes(dossier.payload)


def test_a_system_that_the_orientation_no_longer_names_is_left_out() -> None:
    enrolment, manager = make_answering()
    agree(fill(open_on(enrolment, manager), manager), manager)
    orient(enrolment.response, Q3=["mesures"])

    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert b"magasin" not in bytes(dossier.payload)


def test_evidence_that_is_not_known_to_be_safe_bars_the_dossier() -> None:
    enrolment, manager = make_agreed()
    with pgtrigger.ignore():
        Blob.objects.filter(files__name="ios.pdf").update(state=ScanState.PENDING)

    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert codes(refusal) == ["unsafe_evidence"]
    assert "ios.pdf" in str(refusal.value)


def test_a_dossier_without_exceptions_key_is_still_read() -> None:
    enrolment, manager = make_answering()
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    old = json.loads(bytes(dossier.payload))
    for part in old["questionnaires"]:
        for row in part["criteria"]:
            del row["exceptions"]

    shown = present(parse_payload(json.dumps(old).encode()))

    assert all(row["exceptions"] == [] for part in shown["questionnaires"] for row in part["criteria"])


# -- the editor


def test_one_system_leaves_nothing_to_differ() -> None:
    enrolment, manager = make_answering("mesures")
    with pytest.raises(TransitionRefused) as refusal:
        open_on(enrolment, manager, system="mesures")
    assert codes(refusal) == ["one_system"]


def test_an_unknown_criterion_and_an_unknown_system_are_refused_together() -> None:
    enrolment, manager = make_answering()
    with pytest.raises(TransitionRefused) as refusal:
        open_on(enrolment, manager, "A06.1.1", "aucune")  # not shown by this orientation
    assert codes(refusal) == ["criterion", "system"]


def test_one_exception_by_criterion_and_system_until_it_is_dropped() -> None:
    enrolment, manager = make_answering()
    first = open_on(enrolment, manager)
    with pytest.raises(TransitionRefused) as refusal:
        open_on(enrolment, manager)
    assert codes(refusal) == ["exists"]

    services.drop_exception(exception_id=first.pk, actor=manager)

    assert open_on(enrolment, manager).state == ExceptionState.DRAFT


def test_a_stale_save_an_unknown_level_and_a_submitted_exception_are_refused() -> None:
    enrolment, manager = make_answering()
    exception = fill(open_on(enrolment, manager), manager)
    for expected, fields in (
        ("stale", {"base_version": 1}),
        ("level_not_offered", {"value": {"level": "9"}}),
    ):
        with pytest.raises(TransitionRefused) as refusal:
            fill(exception, manager, **fields)
        assert codes(refusal) == [expected]
    services.ask_agreement(exception_id=exception.pk, actor=manager)
    with pytest.raises(TransitionRefused) as refusal:
        fill(exception, manager)
    assert codes(refusal) == ["not_a_draft"]


def test_submitting_says_everything_that_is_missing() -> None:
    enrolment, manager = make_answering()
    exception = open_on(enrolment, manager, "DEV.1.2")
    fill(exception, manager, value={"compliance": "conforme"}, comment=" ")

    with pytest.raises(TransitionRefused) as refusal:
        services.ask_agreement(exception_id=exception.pk, actor=manager)

    assert codes(refusal) == ["missing", "comment"]
    assert all(each.anchor.startswith("#") for each in refusal.value.blockers)


def test_reworking_an_agreed_exception_takes_it_out_of_the_next_dossier() -> None:
    enrolment, manager = make_answering()
    exception = agree(fill(open_on(enrolment, manager), manager), manager)
    services.rework_exception(exception_id=exception.pk, actor=manager)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    assert b"magasin" not in bytes(dossier.payload)


def test_archived_evidence_is_kept_and_no_longer_counts() -> None:
    enrolment, manager = make_answering()
    exception = open_on(enrolment, manager, "DEV.1.2")
    added = services.add_exception_file(
        exception_id=exception.pk, evidence_type="declaration", upload=pdf(), actor=manager
    )
    exception.refresh_from_db()
    fill(exception, manager, value={"compliance": "conforme"})

    services.archive_exception_file(file_id=added.pk, actor=manager)

    with pytest.raises(TransitionRefused) as refusal:
        services.ask_agreement(exception_id=exception.pk, actor=manager)
    assert codes(refusal) == ["missing"]
    added.refresh_from_db()
    assert added.archived_by == manager


# -- the listing team


def test_declining_needs_a_reason_and_tells_the_editor(django_capture_on_commit_callbacks: Any) -> None:
    enrolment, manager = make_answering()
    verifier = make_agent(Role.LISTING_TEAM)
    exception = fill(open_on(enrolment, manager), manager)
    with django_capture_on_commit_callbacks(execute=True):
        services.ask_agreement(exception_id=exception.pk, actor=manager)
    assert any(verifier.email in each.to and "à examiner" in each.subject for each in mail.outbox)

    with pytest.raises(TransitionRefused) as refusal:
        services.decide_exception(exception_id=exception.pk, is_agreed=False, note=" ", actor=verifier)
    assert codes(refusal) == ["note"]
    with django_capture_on_commit_callbacks(execute=True):
        services.decide_exception(exception_id=exception.pk, is_agreed=False, note="Sans objet.", actor=verifier)

    exception.refresh_from_db()
    assert (exception.state, exception.decided_by, exception.decision_note) == ("declined", verifier, "Sans objet.")
    assert any(manager.email in each.to and "refusée" in each.subject for each in mail.outbox)
    assert AuditEntry.objects.filter(action="osexception.decline", actor=verifier).count() == 1


def test_only_the_listing_team_decides_and_only_members_prepare() -> None:
    enrolment, manager = make_answering()
    exception = fill(open_on(enrolment, manager), manager)
    services.ask_agreement(exception_id=exception.pk, actor=manager)

    with pytest.raises(PermissionDenied):
        services.decide_exception(exception_id=exception.pk, is_agreed=True, note="", actor=manager)
    with pytest.raises(PermissionDenied):
        services.rework_exception(exception_id=exception.pk, actor=make_agent(Role.LISTING_TEAM))
    with pytest.raises(OsException.DoesNotExist):
        services.rework_exception(exception_id=exception.pk, actor=make_member(OrganisationFactory()))


# -- pages


def test_the_whole_way_through_the_pages(client: Client) -> None:
    enrolment, _ = make_answering()
    colleague = make_member(enrolment.product.organisation, MembershipType.SALARIE)
    client.force_login(colleague)
    listed = reverse("enrolment:os_exception_list", args=[enrolment.pk])
    assert client.post(listed, {"criterion": "", "system": ""}).status_code == 422
    opened = client.post(listed, {"criterion": "DEV.1.2", "system": "documents"})
    exception = OsException.objects.get()
    address = reverse("enrolment:os_exception_detail", args=[enrolment.pk, exception.pk])
    assert opened.headers["Location"] == address

    refused = client.post(address, {"answer": "conforme", "comment": PLAIN, "base_version": "1", "action": "ask"})
    assert refused.status_code == 422
    assert PLAIN in refused.content.decode()
    deposit = reverse("enrolment:os_exception_deposit", args=[enrolment.pk, exception.pk])
    assert client.post(deposit, {"type": "declaration"}).status_code == 422
    assert client.post(deposit, {"type": "inconnu"}).status_code == 422
    assert client.post(deposit, {"type": "declaration", "file": pdf("ios.pdf")}).status_code == 302
    exception.refresh_from_db()
    asked = client.post(
        address, {"answer": "conforme", "comment": PLAIN, "base_version": str(exception.version), "action": "ask"}
    )
    assert asked.status_code == 302

    verifier = make_agent(Role.LISTING_TEAM)
    client.force_login(verifier)
    assert "DEV.1.2" in client.get(reverse("enrolment:os_exception_queue")).content.decode()
    review = reverse("enrolment:os_exception_review", args=[exception.pk])
    assert PLAIN in client.get(review).content.decode()
    assert client.post(review, {"decision": "decline", "note": ""}).status_code == 422
    assert client.post(review, {"decision": "agree", "note": ""}).status_code == 302
    exception.refresh_from_db()
    assert exception.state == ExceptionState.AGREED


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_same_queries(client: Client, count: int, django_assert_num_queries: Any) -> None:
    enrolment, manager = make_answering("mesures", "documents")
    wanted = [("A06.1.2", "documents"), ("DEV.1.2", "documents"), ("DEV.1.2", "mesures")][:count]
    for criterion, system in wanted:
        exception = open_on(enrolment, manager, criterion, system)
        OsException.objects.filter(pk=exception.pk).update(version=2)
    client.force_login(manager)
    address = reverse("enrolment:os_exception_list", args=[enrolment.pk])
    client.get(address)
    with django_assert_num_queries(6):
        page = client.get(address)
    assert len(page.context["rows"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_names_the_systems_and_asks_the_same_queries(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        enrolment, manager = make_answering()
        exception = fill(open_on(enrolment, manager), manager)
        services.ask_agreement(exception_id=exception.pk, actor=manager)
    client.force_login(make_agent(Role.LISTING_TEAM))
    address = reverse("enrolment:os_exception_queue")
    client.get(address)
    with django_assert_num_queries(3):
        page = client.get(address)
    assert [row.cells[3] for row in page.context["rows"]] == ["Documents"] * count


def test_older_dossiers_are_untouched_by_a_later_exception() -> None:
    enrolment, manager = make_answering()
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    before = bytes(dossier.payload)
    agree(fill(open_on(enrolment, manager), manager), manager)
    assert bytes(Dossier.objects.get(pk=dossier.pk).payload) == before
