import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from evidence.errors import UploadRefused
from questionnaires.access import AccessPolicy
from questionnaires.models import Deposit
from questionnaires.selectors import load_archived, load_form
from questionnaires.services import (
    archive_deposit,
    confirm_deposit,
    container_file,
    is_container_shown,
    open_container,
    renew_container,
)
from tests.factories import UserFactory
from tests.questionnaires.factories import FULL_ACCESS, deposit, make_response, orient, pdf, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def response():
    return orient(make_response())


def archive(kept, access=FULL_ACCESS):
    return archive_deposit(deposit=kept, actor=UserFactory(), at=timezone.now(), access=access)


def confirm(kept, access=FULL_ACCESS):
    return confirm_deposit(deposit=kept, actor=UserFactory(), at=timezone.now(), access=access)


def zone(response, questionnaire, code):
    form = load_form(response, questionnaire)
    return next(zone for view in form.criteria for zone in view.evidence if zone.expected.code == code)


@pytest.mark.rule("BR-072")
def test_an_archived_file_leaves_its_zone_and_stays_among_the_archived_ones(response):
    kept = deposit(response, "DEV.1.2", "declaration")
    assert zone(response, "ethique", "declaration").deposits == (kept,)

    archive(kept)

    assert zone(response, "ethique", "declaration").deposits == ()
    assert load_archived(response, "DEV.1.2") == [kept]
    assert Deposit.objects.filter(pk=kept.pk).exists()
    assert [entry.action for entry in AuditEntry.objects.about(kept)] == ["deposit.deposit", "deposit.archive"]


def test_archiving_twice_changes_nothing(response):
    kept = deposit(response, "DEV.1.2", "declaration")
    first = archive(kept)
    assert archive(kept).archived_at == first.archived_at


@pytest.mark.rule("BR-074")
def test_a_confirmed_single_deposit_is_neither_archived_nor_replaced(response):
    kept = deposit(response, "RGPD.1", "questionnaire")
    assert zone(response, "rgpd", "questionnaire").waiting == kept
    confirm(kept)

    with pytest.raises(TransitionRefused, match="définitive"):
        archive(kept)
    with pytest.raises(TransitionRefused, match="définitive"):
        deposit(response, "RGPD.1", "questionnaire")

    kept.refresh_from_db()
    assert kept.archived_at is None
    assert zone(response, "rgpd", "questionnaire").is_definitive
    with pytest.raises(IntegrityError, match="deposit_confirmed_is_never_archived"), transaction.atomic():
        Deposit.objects.filter(pk=kept.pk).update(archived_at=timezone.now())


@pytest.mark.rule("BR-074")
def test_a_single_deposit_is_confirmed_or_taken_back(response):
    kept = deposit(response, "RGPD.1", "questionnaire")
    with pytest.raises(TransitionRefused, match="attend déjà votre confirmation"):
        deposit(response, "RGPD.1", "questionnaire")

    archive(kept)
    with pytest.raises(TransitionRefused, match="n’attend pas de confirmation"):
        confirm(kept)

    assert confirm(deposit(response, "RGPD.1", "questionnaire")).confirmed_at is not None


@pytest.mark.rule("BR-074")
def test_only_a_single_deposit_is_confirmed(response):
    with pytest.raises(TransitionRefused):
        confirm(deposit(response, "RGPD.1", "cgu"))


@pytest.mark.rule("BR-075")
def test_documents_are_counted_by_type_not_by_file(response):
    deposit(response, "RGPD.1", "cgu")
    deposit(response, "RGPD.1", "cgu")

    assert (row(response, "rgpd").answered, row(response, "rgpd").total) == (1, 3)


@pytest.mark.rule("BR-076")
def test_an_encrypted_zone_refuses_what_is_not_its_container(response):
    with pytest.raises(UploadRefused) as refusal:
        deposit(response, "RGPD.1", "aipd")

    assert refusal.value.problems[0].anchor in ("", "#field-RGPD.1-evidence-aipd")
    assert not Deposit.objects.exists()


@pytest.mark.rule("BR-078")
def test_a_refused_file_leaves_nothing(response):
    before = row(response, "ethique")
    with pytest.raises(UploadRefused):
        deposit(response, "DEV.1.2", "declaration", upload=SimpleUploadedFile("virus.pdf.exe", b"MZ"))

    after = row(response, "ethique")
    assert not Deposit.objects.exists()
    assert (after.state, after.drafted_at) == (before.state, before.drafted_at)


@pytest.mark.rule("BR-077", "A-14")
def test_container_credentials_are_shown_once_and_renewed(response):
    actor = UserFactory()

    first = open_container(access=FULL_ACCESS, actor=actor)
    assert first is not None
    assert first.generation == 1
    assert is_container_shown(access=FULL_ACCESS)
    assert open_container(access=FULL_ACCESS, actor=actor) is None
    second = renew_container(access=FULL_ACCESS, actor=actor)
    assert (second.generation, second.user_name) == (2, first.user_name)
    assert second.passphrase != first.passphrase


@pytest.mark.rule("BR-076", "A-14")
def test_the_prepared_container_is_accepted_in_its_zone(response):
    open_container(access=FULL_ACCESS, actor=UserFactory())
    name, content = container_file(access=FULL_ACCESS, actor=UserFactory())

    try:
        deposit(response, "RGPD.1", "aipd", upload=SimpleUploadedFile(name, content))
    except UploadRefused as refusal:
        assert [problem.code for problem in refusal.problems] == ["container_empty"]  # noqa: PT017
    else:
        assert row(response, "rgpd").answered == 1


def test_a_criterion_that_is_not_shown_takes_no_file(response):
    with pytest.raises(TransitionRefused, match="n’est plus demandé"):
        deposit(response, "DEV.1.3", "captures")


def test_an_unknown_evidence_type_is_no_zone(response):
    with pytest.raises(KeyError):
        deposit(response, "DEV.1.2", "autre")


@pytest.mark.parametrize(
    "call", [archive, confirm, lambda kept, access: deposit(kept.response, "DEV.1.2", "plan", access=access)]
)
def test_without_the_right_nothing_is_deposited_archived_or_confirmed(response, call):
    kept = deposit(response, "DEV.1.2", "declaration", upload=pdf())
    with pytest.raises(PermissionDenied):
        call(kept, AccessPolicy(owner_key="x", may_read=True))
