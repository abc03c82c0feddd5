"""« Pour le compte d’un tiers »: fiche, mandate, convention, dossier and acts are the third party’s (A-26, OQ-30)."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.audit.models import AuditEntry
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from evidence.enums import ScanState
from evidence.services import examine, scan
from referencing.convention import services as conventions
from referencing.convention.models import Convention
from referencing.enrolment.editors import is_editor_verified, name_addressee, name_editor
from referencing.enrolment.models import Dissolution, Enrolment, Mandate
from referencing.enrolment.services import save_sheet, submit_sheet
from referencing.enrolment.white_label.blockers import find_white_label_blockers
from referencing.enrolment.white_label.dissolution import record_dissolution
from referencing.enrolment.white_label.mandates import deposit_mandate, find_mandate_blockers, revoke_mandate
from tests.convention.factories import OPTIONS, SHEET, TERMS
from tests.enrolment.white_label.factories import make_attached, make_demand, make_pre_listing
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = pytest.mark.django_db

HOSPITAL = "Hôpital de la Côte"


@pytest.fixture
def attached():
    """The enrolment of a portal for a hospital, and a mandataire of its distributor."""
    request, manager = make_attached(*make_pre_listing(), third_party=HOSPITAL)
    return Enrolment.objects.with_product().select_related("sheet").get(pk=request.enrolment_id), manager


def look(upload=None):
    return examine(upload=upload or pdf(), allowed_formats=("pdf",), max_size_mb=10)


def deposit(enrolment, actor, **values):
    mandate = deposit_mandate(
        enrolment_id=enrolment.pk,
        examined=look(),
        actor=actor,
        **{"given_on": timezone.localdate(), "ends_on": None, **values},
    )
    scan(blob_id=mandate.file.blob_id)
    return mandate


def codes(refusal):
    return [each.code for each in refusal.value.blockers]


def lacking(enrolment, on=None):
    return [each.code for each in find_mandate_blockers(enrolment, on=on or timezone.localdate())]


class TestFiche:
    @pytest.mark.rule("A-26")
    def test_it_begins_with_the_third_party_and_nothing_of_the_distributor(self, attached):
        enrolment, _ = attached
        organisation = enrolment.product.organisation
        assert (enrolment.sheet.organisation_name, enrolment.sheet.siret) == (HOSPITAL, "")
        assert organisation.siret
        assert name_editor(enrolment) == HOSPITAL
        assert name_addressee(enrolment) == f"{HOSPITAL}, représenté par {organisation.name} en vertu de son mandat"

    @pytest.mark.rule("A-26")
    def test_a_second_product_of_the_same_third_party_takes_its_fiche(self, attached):
        enrolment, manager = attached
        values = {**SHEET, "organisation_name": HOSPITAL}
        save_sheet(enrolment_id=enrolment.pk, values=values, base_version=enrolment.sheet.version, actor=manager)
        fields = {"organisation": enrolment.product.organisation, "owner": manager}
        again, _ = make_demand(make_pre_listing()[0], third_party=HOSPITAL.upper(), **fields)
        other, _ = make_demand(make_pre_listing()[0], third_party="Clinique des Pins", **fields)

        assert again.enrolment.sheet.siret == SHEET["siret"]
        assert other.enrolment.sheet.siret == ""

    @pytest.mark.rule("A-26", "A-06")
    def test_its_validation_verifies_the_third_party_not_the_distributor(self, attached):
        enrolment, manager = attached
        values = {**SHEET, "organisation_name": HOSPITAL}
        save_sheet(enrolment_id=enrolment.pk, values=values, base_version=enrolment.sheet.version, actor=manager)
        submit_sheet(enrolment_id=enrolment.pk, actor=manager)
        conventions.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=make_agent(Role.LISTING_TEAM))

        enrolment = Enrolment.objects.with_product().select_related("sheet").get(pk=enrolment.pk)
        assert not enrolment.product.organisation.is_verified
        assert is_editor_verified(enrolment)


class TestMandate:
    @pytest.mark.rule("A-26", "OQ-30")
    def test_deposited_scanned_dated_and_in_the_journal(self, attached):
        enrolment, manager = attached
        assert lacking(enrolment) == ["mandate"]
        mandate = deposit(enrolment, manager)

        assert lacking(enrolment) == []
        assert AuditEntry.objects.get(action="mandate.deposit").data["sha256"] == mandate.file.blob.sha256

    @pytest.mark.rule("A-12", "A-26")
    def test_what_the_antivirus_has_not_cleared_does_not_count(self, attached):
        enrolment, manager = attached
        mandate = deposit_mandate(
            enrolment_id=enrolment.pk, examined=look(), given_on=timezone.localdate(), ends_on=None, actor=manager
        )
        if mandate.file.blob.state == ScanState.PENDING:
            assert lacking(enrolment) == ["mandate_withheld"]
        scan(blob_id=mandate.file.blob_id)
        assert lacking(enrolment) == []

    def test_one_in_force_then_its_end_makes_room(self, attached):
        enrolment, manager = attached
        today = timezone.localdate()
        first = deposit(enrolment, manager, given_on=today - timedelta(days=30), ends_on=today)
        with pytest.raises(TransitionRefused) as refusal:
            deposit(enrolment, manager)
        assert codes(refusal) == ["in_force"]
        assert lacking(enrolment, on=today + timedelta(days=1)) == ["mandate_ended"]
        Mandate.objects.filter(pk=first.pk).update(ends_on=today - timedelta(days=1))

        deposit(enrolment, manager)

        first.refresh_from_db()
        assert first.revoke_reason == "Arrivé à son terme, puis remplacé."
        with pytest.raises(IntegrityError, match="mandate_one_in_force"), transaction.atomic():
            Mandate.objects.filter(pk=first.pk).update(revoked_at=None)

    def test_dates_that_make_no_sense(self, attached):
        enrolment, manager = attached
        tomorrow = timezone.localdate() + timedelta(days=1)
        with pytest.raises(TransitionRefused) as refusal:
            deposit(enrolment, manager, given_on=tomorrow, ends_on=timezone.localdate())
        assert codes(refusal) == ["given_on", "ends_on"]

    def test_only_for_a_third_party_by_who_commits(self, attached):
        enrolment, _ = attached
        clerk = make_member(enrolment.product.organisation, MembershipType.SALARIE)
        with pytest.raises(PermissionDenied):
            deposit(enrolment, clerk)
        own, manager = make_demand(make_pre_listing()[0])
        with pytest.raises(TransitionRefused) as refusal:
            deposit(own.enrolment, manager)
        assert codes(refusal) == ["not_on_behalf"]

    @pytest.mark.rule("A-26")
    @pytest.mark.parametrize("by", ["distributor", "verifier"])
    def test_revoked_by_either_and_both_are_told(self, attached, by, django_capture_on_commit_callbacks):
        enrolment, manager = attached
        verifier = make_agent(Role.LISTING_TEAM)
        deposit(enrolment, manager)
        actor = manager if by == "distributor" else verifier
        with pytest.raises(TransitionRefused) as refusal:
            revoke_mandate(enrolment_id=enrolment.pk, why=" ", actor=actor)
        assert codes(refusal) == ["why"]
        with django_capture_on_commit_callbacks(execute=True):
            revoke_mandate(enrolment_id=enrolment.pk, why="Fin du marché.", actor=actor)

        assert lacking(enrolment) == ["mandate"]
        for person in (manager, verifier):
            assert "Fin du marché." in Notification.objects.filter(recipient=person).latest("pk").content
        with pytest.raises(TransitionRefused) as refusal:
            revoke_mandate(enrolment_id=enrolment.pk, why="Encore.", actor=actor)
        assert codes(refusal) == ["no_mandate"]

    @pytest.mark.rule("A-26")
    def test_no_convention_is_sent_without_it(self, attached, settings, tmp_path):
        settings.SIGNATURE_DIR = str(tmp_path)
        enrolment, manager = attached
        enrolment.demarche.settings = {"convention": OPTIONS}
        enrolment.demarche.save(update_fields=["settings"])
        verifier = make_agent(Role.LISTING_TEAM)
        values = {**SHEET, "organisation_name": HOSPITAL}
        save_sheet(enrolment_id=enrolment.pk, values=values, base_version=enrolment.sheet.version, actor=manager)
        submit_sheet(enrolment_id=enrolment.pk, actor=manager)
        convention = conventions.validate_sheet_and_prepare(enrolment_id=enrolment.pk, actor=verifier)
        conventions.choose_terms(convention_id=convention.pk, actor=verifier, **TERMS)
        with pytest.raises(TransitionRefused) as refusal:
            conventions.send_convention(convention_id=convention.pk, actor=verifier)
        assert "mandate" in codes(refusal)
        deposit(enrolment, manager)

        conventions.send_convention(convention_id=convention.pk, actor=verifier)

        sent = Convention.objects.get(pk=convention.pk)
        assert sent.parties[0]["name"] == HOSPITAL
        assert sent.signer_email == SHEET["representative_email"].lower()

    @pytest.mark.rule("A-26", "BR-201")
    def test_nothing_is_applied_for_without_it(self, attached):
        enrolment, manager = attached
        today = timezone.localdate()
        assert [each.code for each in find_white_label_blockers(enrolment, on=today)] == ["mandate"]
        deposit(enrolment, manager)
        assert find_white_label_blockers(enrolment, on=today) == []


class TestDissolution:
    def record(self, enrolment, actor, **values):
        return record_dissolution(
            enrolment_id=enrolment.pk,
            examined=look(),
            actor=actor,
            **{"dissolved_on": timezone.localdate(), "successor": "", "note": "", **values},
        )

    @pytest.mark.rule("A-26")
    def test_recorded_once_by_a_verifier_and_told(self, attached, django_capture_on_commit_callbacks):
        enrolment, manager = attached
        verifier = make_agent(Role.LISTING_TEAM)
        with pytest.raises(PermissionDenied):
            self.record(enrolment, manager)
        with django_capture_on_commit_callbacks(execute=True):
            self.record(enrolment, verifier, successor="Groupement de la Côte")

        assert Dissolution.objects.get().editor == HOSPITAL
        assert "Groupement de la Côte" in Notification.objects.filter(recipient=manager).latest("pk").content
        blockers = find_white_label_blockers(enrolment, on=timezone.localdate())
        assert "signe une nouvelle convention" in blockers[-1].message
        with pytest.raises(TransitionRefused) as refusal:
            self.record(enrolment, verifier)
        assert codes(refusal) == ["recorded"]

    def test_not_in_the_future_and_never_changed(self, attached):
        enrolment, _ = attached
        verifier = make_agent(Role.LISTING_TEAM)
        with pytest.raises(TransitionRefused) as refusal:
            self.record(enrolment, verifier, dissolved_on=timezone.localdate() + timedelta(days=1))
        assert codes(refusal) == ["dissolved_on"]
        self.record(enrolment, verifier)
        with pytest.raises(DatabaseError), transaction.atomic():
            Dissolution.objects.update(successor="Autre")
        assert Dissolution.objects.get().successor == ""

    def test_page(self, client, attached):
        enrolment, _ = attached
        client.force_login(make_agent(Role.LISTING_TEAM))
        page = reverse("enrolment:dissolution_record", args=[enrolment.pk])
        assert HOSPITAL in client.get(page).content.decode()
        assert client.post(page, {}).status_code == 422

        client.post(page, {"dissolved_on": "1/2/2026", "file": pdf(), "successor": "Groupement"})

        shown = client.get(page).content.decode()
        assert "Groupement" in shown
        assert "Constater la dissolution" not in shown


class TestPages:
    def test_deposit_read_revoke(self, client, attached):
        enrolment, manager = attached
        client.force_login(manager)
        page = reverse("enrolment:mandate_detail", args=[enrolment.pk])
        assert client.post(page, {"given_on": "1/2/2026"}).status_code == 422
        client.post(page, {"given_on": "1/2/2026", "ends_on": "", "file": pdf()})
        mandate = Mandate.objects.get()
        scan(blob_id=mandate.file.blob_id)
        download = reverse("enrolment:mandate_download", args=[enrolment.pk, mandate.pk])
        assert download in client.get(page).content.decode()
        assert client.get(download).headers["Content-Disposition"].startswith("attachment")

        client.post(reverse("enrolment:mandate_revoke", args=[enrolment.pk]), {"why": "Fin du marché."})

        assert "Fin du marché." in client.get(page).content.decode()

    def test_stranger_gets_404(self, client, attached):
        enrolment, manager = attached
        mandate = deposit(enrolment, manager)
        client.force_login(make_member(OrganisationFactory()))
        for name, extra in (("mandate_detail", []), ("mandate_download", [mandate.pk]), ("mandate_revoke", [])):
            assert client.get(reverse(f"enrolment:{name}", args=[enrolment.pk, *extra])).status_code == 404
