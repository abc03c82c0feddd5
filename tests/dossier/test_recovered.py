import hashlib
import hmac
import json
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from pypdfium2 import PdfDocument

from convergence.accounts.enums import Role
from convergence.jobs.models import Job
from convergence.kernel.canonical import canonical_json
from convergence.kernel.errors import TransitionRefused
from referencing.dossier.core import SCHEMA, unreached_obligations
from referencing.dossier.models import Dossier, RecoveredValue
from referencing.dossier.outputs import make_pdf, make_xlsx
from referencing.dossier.readers import find_frozen, parse_payload, read_payload
from referencing.dossier.recovered import producer_values, read_value
from referencing.dossier.services import generate_dossier
from referencing.dossier.verification import verify_reference
from referencing.enrolment.inheritance import CONFIDENTIAL, choose, release
from tests.dossier.factories import answer_core, make_signed_enrolment
from tests.dossier.white_label import answer_own, make_distributor, make_solution
from tests.factories import make_agent
from tests.questionnaires.factories import answer, finish, orient

pytestmark = pytest.mark.django_db

COMMENT = "Secret-de-fabrique-du-producteur"
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def solution():
    return make_solution(comment=COMMENT)


@pytest.fixture
def frozen(solution):
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)
    return generate_dossier(enrolment_id=enrolment.pk, actor=manager)


@pytest.mark.rule("A-24", "BR-197")
def test_the_distributor_s_dossier_carries_a_commitment_and_nothing_of_the_answer(frozen, solution):
    row = find_frozen(read_payload(frozen))["DEV.1.2"]

    assert (row["answer"], row["comment"], row["evidence"], row["is_reached"]) == (None, "", [], None)
    value = RecoveredValue.objects.get(dossier=frozen, criterion="DEV.1.2")
    assert row["recovered"] == {
        "commitment": value.commitment,
        "method": "HMAC-SHA-256",
        "solution": solution.enrolment.label,
        "producer": solution.enrolment.product.organisation.name,
    }
    text = bytes(frozen.payload).decode()
    assert COMMENT not in text
    assert solution.deposit.file.blob.sha256 not in text
    assert str(solution.deposit.pk) not in text
    assert set(frozen.files.values_list("criterion", flat=True)) == set()


@pytest.mark.rule("A-24")
def test_a_commitment_is_not_guessed_from_the_five_levels(frozen):
    value = RecoveredValue.objects.get(dossier=frozen, criterion="A06.1.2")
    content = read_value(value)

    guesses = {
        hashlib.sha256(canonical_json({**content, "answer": {"level": level}})).hexdigest()
        for level in ("na", "0", "1", "2", "3")
    }
    assert value.commitment not in guesses
    assert len(bytes(value.key)) == 32
    assert hmac.new(bytes(value.key), bytes(value.content), hashlib.sha256).hexdigest() == value.commitment
    assert len(set(RecoveredValue.objects.values_list("key", flat=True))) == RecoveredValue.objects.count() == 2


@pytest.mark.rule("BR-198", "BR-204")
def test_the_verifier_s_part_holds_the_producer_s_answer_by_value(frozen, solution):
    value = RecoveredValue.objects.visible_to(make_agent(Role.LISTING_TEAM)).get(criterion="DEV.1.2")

    content = read_value(value)
    assert (content["answer"], content["comment"]) == ({"compliance": "conforme"}, COMMENT)
    assert [(each["deposit"], each["sha256"]) for each in content["evidence"]] == [
        (str(solution.deposit.pk), solution.deposit.file.blob.sha256)
    ]
    assert (value.producer_dossier_id, value.pre_listing_id) == (solution.dossier.pk, solution.pre_listing.pk)
    assert content["dossier_sha256"] == solution.dossier.sha256
    levels = read_value(RecoveredValue.objects.get(criterion="A06.1.2"))["levels"]
    assert {"level": "2", "text": "Nationales"} in levels


@pytest.mark.rule("BR-197")
def test_neither_distributor_nor_producer_reads_the_verifier_s_part(frozen, solution):
    assert not RecoveredValue.objects.visible_to(frozen.created_by).exists()
    assert not RecoveredValue.objects.visible_to(solution.manager).exists()


@pytest.mark.rule("BR-204")
def test_what_the_producer_changes_later_changes_nothing_of_it(frozen, solution):
    before = bytes(RecoveredValue.objects.get(dossier=frozen, criterion="A06.1.2").content)

    answer(solution.enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    finish(solution.enrolment.response, "interoperabilite")

    assert bytes(RecoveredValue.objects.get(dossier=frozen, criterion="A06.1.2").content) == before
    with pytest.raises(DatabaseError), transaction.atomic():
        RecoveredValue.objects.filter(dossier=frozen).update(content=b"{}")
    with pytest.raises(DatabaseError), transaction.atomic():
        RecoveredValue.objects.filter(dossier=frozen).delete()


@pytest.mark.rule("A-24")
def test_recovered_obligations_bar_nothing_and_prove_nothing():
    solution = make_solution(specific={"A06.1.2": False, "DEV.1.1": True, "DEV.1.2": False})
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)
    payload = read_payload(generate_dossier(enrolment_id=enrolment.pk, actor=manager))

    assert unreached_obligations(payload) == []
    assert [part["is_reached"] for part in payload["questionnaires"]] == [True, True]


@pytest.mark.rule("A-23")
def test_what_was_released_cannot_be_frozen_unanswered(solution):
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)
    release(enrolment=enrolment, why="Pré-référencement révoqué", actor=None, at=timezone.now())

    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert [each.code for each in refusal.value.blockers] == ["questionnaire_missing"]


@pytest.mark.rule("A-23", "BR-201")
def test_a_solution_that_offers_nothing_any_more_bars_the_freeze(solution):
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)
    enrolment.attachment_requests.all().delete()

    with pytest.raises(TransitionRefused) as refusal:
        generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert [each.code for each in refusal.value.blockers] == ["not_attached", "recovered_gone", "recovered_gone"]
    assert refusal.value.blockers[1].anchor.endswith("/interoperabilite/#field-A06.1.2")


def test_an_own_answer_is_frozen_as_ever(solution):
    enrolment, manager = make_distributor(solution)
    choose(enrolment_id=enrolment.pk, code="A06.1.2", recovered=False, actor=manager)
    enrolment.response.refresh_from_db()
    answer_own_level(enrolment)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    row = find_frozen(read_payload(dossier))["A06.1.2"]
    assert (row["answer"], row["recovered"], row["is_reached"]) == ({"level": "3"}, None, True)
    assert list(dossier.recovered_values.values_list("criterion", flat=True)) == ["DEV.1.2"]


def answer_own_level(enrolment):
    orient(enrolment.response)
    answer(enrolment.response, "interoperabilite", {"A06.1.2": {"level": "3"}})
    finish(enrolment.response, "interoperabilite")
    answer(enrolment.response, "ethique", {"DEV.1.1": {"compliance": "conforme", "number": "41"}})
    finish(enrolment.response, "ethique")


@pytest.mark.rule("BR-202")
def test_the_producer_s_dossier_says_what_is_specific(solution):
    rows = find_frozen(read_payload(solution.dossier))

    assert {code: row["specific"] for code, row in rows.items()} == {
        "A06.1.2": False,
        "DEV.1.1": True,
        "DEV.1.2": False,
    }


@pytest.mark.rule("BR-197")
def test_page_pdf_and_workbook_mask_recovered_answers(frozen, solution, client):
    client.force_login(frozen.created_by)
    page = client.get(reverse("candidature:dossier_detail", args=[frozen.pk])).content.decode()
    job = Job(payload={"dossier": str(frozen.pk)})
    workbook = openpyxl.load_workbook(BytesIO(make_xlsx(job, lambda *_: None).content))
    cells = [[cell.value for cell in row] for sheet in workbook for row in sheet.iter_rows()]
    pdf = make_pdf(job, lambda *_: None).content

    assert "Informations du dossier de la solution du distributeur" in page
    assert page.count(CONFIDENTIAL.capitalize()) == 2
    assert COMMENT not in page
    (line,) = [row for row in cells if row[0] == "DEV.1.2"]
    assert (line[5], line[6], line[7], line[8]) == (CONFIDENTIAL.capitalize(), None, None, None)
    assert solution.deposit.file.blob.sha256.encode() not in pdf


def test_commitments_leave_room_for_whole_words_in_the_pdf(frozen):
    document = PdfDocument(make_pdf(Job(payload={"dossier": str(frozen.pk)}), lambda *_: None).content)

    text = " ".join(page.get_textpage().get_text_range() for page in document)

    assert [word for word in ("Nature", "Obligation") if word not in text] == []


def test_verification_covers_the_commitments_without_telling_them(frozen):
    verdict = verify_reference(frozen.reference)

    assert verdict.outcome == "intact"
    assert "réponses récupérées" in verdict.checked
    assert COMMENT not in str(verdict.as_dict())


def test_older_dossiers_read_as_dossiers_without_inheritance():
    text = (GOLDEN / "schema_1.json").read_bytes()

    content = parse_payload(text)

    assert SCHEMA == 2
    assert json.loads(text)["schema"] == 1
    rows = find_frozen(content)
    assert rows
    assert {(row["recovered"], row["specific"]) for row in rows.values()} == {(None, None)}
    assert unreached_obligations(content) == []


def test_addenda_of_the_producer_are_part_of_what_is_recovered(solution):
    payload = read_payload(solution.dossier)
    addenda = [
        {
            "number": 1,
            "frozen_at": "2026-03-01T00:00:00.000000Z",
            "items": [
                {
                    "criterion": "A06.1.2",
                    "answer": {"level": "3"},
                    "comment": "Corrigé",
                    "is_reached": True,
                    "evidence": [{"name": "a.pdf", "sha256": "0" * 64, "size": 1}],
                },
                {"criterion": "inconnu", "answer": None},
            ],
        },
        {"number": 2, "frozen_at": "2026-03-02T00:00:00.000000Z", "removed": ["DEV.1.2"]},
    ]

    values = producer_values(payload, addenda)

    assert values["A06.1.2"]["answer"] == {"level": "3"}
    assert values["A06.1.2"]["supplements"][0]["comment"] == "Corrigé"
    assert values["A06.1.2"]["evidence"][-1]["addendum"] == 1
    assert "DEV.1.2" not in values


@pytest.mark.parametrize("distributors", [1, 3])
def test_freezing_asks_the_same_whatever_the_number_of_distributors(solution, distributors, django_assert_num_queries):
    others = [make_distributor(solution) for _ in range(distributors)]
    enrolment, manager = others[-1]
    answer_own(enrolment)
    with django_assert_num_queries(18):
        dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    assert dossier.recovered_values.count() == 2


def test_a_nominal_dossier_has_no_verifier_s_part():
    enrolment, manager = make_signed_enrolment()
    answer_core(enrolment)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)

    assert not Dossier.objects.get(pk=dossier.pk).recovered_values.exists()
