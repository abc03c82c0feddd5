import json
import re
from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from convergence.accounts.enums import MembershipType
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import format_time
from evidence.models import Blob
from questionnaires.models import Deposit
from questionnaires.services import archive_deposit
from referencing.dossier.core import make_reference
from referencing.dossier.models import Dossier
from referencing.dossier.readers import read_payload
from referencing.dossier.services import generate_dossier
from tests.dossier.factories import answer_core, answer_everything, make_dossier, make_signed_enrolment
from tests.factories import OrganisationFactory, make_member
from tests.questionnaires.factories import AT, FULL_ACCESS, answer, make_enrolment, orient

pytestmark = pytest.mark.django_db


def refused(enrolment, actor):
    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=actor)
    return [blocker.code for blocker in refusal.value.blockers]


@pytest.mark.rule("BR-090")
def test_core_questionnaires_are_enough_for_an_incomplete_dossier():
    dossier, _ = make_dossier(complete=False)

    assert not dossier.is_complete
    assert [row["code"] for row in read_payload(dossier)["questionnaires"]] == ["interoperabilite"]


def test_dossier_of_everything_is_complete_and_lists_its_files():
    dossier, _ = make_dossier()

    assert dossier.is_complete
    assert sorted(dossier.files.values_list("criterion", flat=True)) == ["DEV.1.2", "RGPD.1", "RGPD.1", "RGPD.1"]


@pytest.mark.rule("BR-091")
def test_missing_core_questionnaire_refuses_and_says_which():
    enrolment, manager = make_signed_enrolment()
    orient(enrolment.response)

    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert [blocker.message for blocker in refusal.value.blockers] == [
        "Terminez le questionnaire « Interopérabilité »."
    ]


@pytest.mark.rule("A-12")
def test_core_questionnaire_without_any_shown_criterion_satisfies_core():
    dossier, _ = make_dossier(complete=False)

    assert "urbanisation" in [row["code"] for row in read_payload(dossier)["not_applicable"]]


def test_unvalidated_orientation_refuses():
    enrolment, manager = make_signed_enrolment()

    assert refused(enrolment, manager) == ["orientation"]


@pytest.mark.rule("BR-028")
def test_without_validated_convention_nothing_is_generated():
    enrolment = make_enrolment()
    manager = make_member(enrolment.product.organisation)

    assert refused(enrolment, manager) == ["convention"]


@pytest.mark.rule("BR-092", "A-09")
def test_later_changes_leave_the_dossier_byte_identical():
    dossier, manager = make_dossier()
    before = bytes(dossier.payload)

    answer(dossier.enrolment.response, "interoperabilite", {"A06.1.2": {"level": "0"}})
    orient(dossier.enrolment.response, confirmed="", actor=manager)

    after = bytes(Dossier.objects.get(pk=dossier.pk).payload)
    assert after == before
    assert sha256_hex(after) == dossier.sha256


@pytest.mark.rule("BR-092", "A-15")
@pytest.mark.parametrize(
    "change",
    [
        lambda: Dossier.objects.update(sha256="0" * 64),
        lambda: Dossier.objects.all()._raw_delete("default"),
        lambda: connection.cursor().execute("DELETE FROM dossier_dossierfile"),
        lambda: connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE dossier_dossier CASCADE"),
    ],
    ids=["update", "delete", "delete file", "truncate"],
)
def test_database_refuses_any_change_of_a_dossier(change):
    dossier, _ = make_dossier(complete=True)

    with pytest.raises(DatabaseError, match=r"pgtrigger|violates foreign key"), transaction.atomic():
        change()

    assert Dossier.objects.get().sha256 == dossier.sha256


@pytest.mark.rule("BR-093", "A-08")
def test_draft_answers_do_not_enter():
    enrolment, manager = make_signed_enrolment()
    answer_core(enrolment, level="2")
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "0"}})

    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    (questionnaire,) = read_payload(dossier)["questionnaires"]
    assert questionnaire["criteria"][0]["answer"] == {"level": "2"}


@pytest.mark.rule("BR-094")
def test_reference_holds_the_utc_minute_and_pages_show_paris_time():
    at = datetime(2024, 7, 8, 16, 27, tzinfo=UTC)

    assert make_reference(83970, at) == "N83970202407081627"
    assert make_reference(12, at) == "N00012202407081627"
    assert format_time(at).replace("\u202f", " ").replace("\u00a0", " ") in ("18 h 27", "18:27")


@pytest.mark.rule("BR-094")
def test_references_are_unique():
    first, manager = make_dossier(complete=False)

    second = generate_dossier(enrolment_id=first.enrolment_id, actor=manager)

    assert first.reference != second.reference
    assert all(re.fullmatch(r"N\d{17,}", each.reference) for each in (first, second))


@pytest.mark.rule("A-10")
def test_secret_answers_never_enter():
    dossier, _ = make_dossier()

    assert b"mot de passe" not in bytes(dossier.payload)
    assert "Q6" not in [row["code"] for row in read_payload(dossier)["orientation"]["answers"]]


@pytest.mark.rule("A-15")
def test_payload_is_kept_as_canonical_bytes_with_the_grid_version_inside():
    dossier, _ = make_dossier()
    payload = bytes(dossier.payload)

    content = json.loads(payload)
    assert canonical_json(content) == payload
    assert content["grid"]["version"] == "essai"
    assert content["reference"] == dossier.reference


@pytest.mark.rule("BR-073")
def test_archiving_the_only_evidence_asks_for_a_new_validation():
    enrolment, manager = make_signed_enrolment()
    answer_everything(enrolment)
    deposit = Deposit.objects.get(criterion="DEV.1.2")
    archive_deposit(deposit=deposit, actor=manager, at=AT, access=FULL_ACCESS)

    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert not dossier.is_complete
    assert "ethique" not in [row["code"] for row in read_payload(dossier)["questionnaires"]]


@pytest.mark.rule("A-12")
def test_evidence_that_is_not_known_clean_blocks_with_its_name():
    enrolment, manager = make_signed_enrolment()
    answer_everything(enrolment)
    blob = Deposit.objects.get(criterion="DEV.1.2").file.blob
    Blob.objects.filter(pk=blob.pk).update(state="pending", scanned_at=None)

    assert refused(enrolment, manager) == ["unsafe_evidence"]


def test_contributor_cannot_generate_and_validator_can():
    enrolment, _ = make_signed_enrolment()
    answer_core(enrolment)
    organisation = enrolment.product.organisation

    with pytest.raises(PermissionDenied):
        generate_dossier(enrolment_id=enrolment.pk, actor=make_member(organisation, MembershipType.SALARIE))

    validator = make_member(organisation, MembershipType.SALARIE, is_validator=True)
    assert generate_dossier(enrolment_id=enrolment.pk, actor=validator).created_by == validator


def test_dossiers_of_others_are_invisible():
    dossier, manager = make_dossier(complete=False)

    assert list(Dossier.objects.visible_to(manager)) == [dossier]
    assert not Dossier.objects.visible_to(make_member(OrganisationFactory())).exists()


def test_freezing_costs_the_same_whatever_is_deposited(django_assert_num_queries):
    for complete, evidence in ((answer_core, 0), (answer_everything, 1)):
        enrolment, manager = make_signed_enrolment()
        complete(enrolment)
        _ = manager.access  # as in a request
        with django_assert_num_queries(10 + evidence):  # one more to write the files, however many
            generate_dossier(enrolment_id=enrolment.pk, actor=manager)
