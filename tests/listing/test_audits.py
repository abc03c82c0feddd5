import json
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.candidature.models import ThemeReview
from referencing.decision.enums import DecisionKind
from referencing.listing.core.draw import Candidate, build_population, select
from referencing.listing.core.life import months_after
from referencing.listing.enums import AuditOrigin, AuditState, ListingState
from referencing.listing.models import Audit, AuditDraw, AuditSeed, Listing, Procedure
from referencing.listing.services.audits import (
    add_visit,
    ask_complements,
    cancel_audit,
    conclude_audit,
    draw_seed,
    file_documents,
    freeze_population,
    notify_audit,
    open_audit,
    published_draw,
    read_report,
    start_audits,
    write_report,
)
from tests.factories import make_agent
from tests.listing.life_factories import examined, make_listing, noon

DOC = Path(settings.BASE_DIR, "docs", "audit_draw.md")


def script():
    """The very script of the documentation."""
    return re.search(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.S)[1]


def codes(refused):
    return [each.code for each in refused.value.blockers]


class TestArithmetic:
    @pytest.mark.rule("BR-178")
    def test_exclusions(self):
        since = date(2026, 2, 28)
        candidates = [
            Candidate(3102),
            Candidate(3100, audited_on=since + timedelta(days=1)),
            Candidate(3101, audited_on=since),
            Candidate(3103, is_under_audit=True),
        ]

        found = build_population(candidates, number=1, day=date(2027, 2, 28), sample=1, rested_since=since)

        assert found["services"] == [3101, 3102]
        assert [each["number"] for each in found["excluded"]] == [3100, 3103]

    @pytest.mark.rule("BR-178", "A-38")
    @given(st.sets(st.integers(1, 10_000), max_size=60), st.integers(1, 20), st.binary(min_size=32, max_size=32))
    def test_a_draw_depends_on_its_seed_and_its_set_only(self, services, sample, seed):
        drawn = select(seed.hex(), sorted(services), sample)

        assert drawn == select(seed.hex(), sorted(services, reverse=True), sample)
        assert len(drawn) == len(set(drawn)) == min(sample, len(services))
        assert set(drawn) <= services
        # a service that leaves the population pushes no other one out
        rest = select(seed.hex(), sorted(services - set(drawn[:1])), sample)
        assert set(drawn[1:]) <= set(rest)

    def test_the_script_is_twenty_lines(self):
        assert len([line for line in script().splitlines() if line.strip()]) <= 20


@pytest.fixture
def auditor():
    return make_agent(Role.AUDITOR)


@pytest.mark.django_db
class TestDraw:
    @pytest.mark.rule("A-38", "BR-178")
    def test_the_script_of_the_documentation_draws_the_same(self, auditor, client, tmp_path):
        for _ in range(4):
            make_listing()
        make_listing(state=ListingState.SUSPENDED)
        draw = freeze_population(sample=2, actor=auditor)
        seed = draw_seed(number=draw.number, actor=auditor)
        client.force_login(auditor)
        published = client.get(reverse("listing:draw_export", args=[draw.number])).content
        file, program = tmp_path / "tirage.json", tmp_path / "replay.py"
        file.write_bytes(published)
        program.write_text(script(), encoding="utf-8")

        run = subprocess.run([sys.executable, str(program), str(file)], capture_output=True, text=True)

        assert run.returncode == 0, run.stderr
        assert [int(line) for line in run.stdout.split()] == seed.selected
        drawn = Audit.objects.filter(draw=draw, origin=AuditOrigin.DRAW)
        assert {each.listing.enrolment.number for each in drawn} == set(seed.selected)

    def test_the_script_sees_a_changed_population(self, auditor, tmp_path):
        for _ in range(2):
            make_listing()
        draw = freeze_population(sample=1, actor=auditor)
        seed = draw_seed(number=draw.number, actor=auditor)
        changed = json.loads(json.dumps(published_draw(draw, seed)))
        changed["population"]["services"].append(1)
        file, program = tmp_path / "tirage.json", tmp_path / "replay.py"
        file.write_text(json.dumps(changed), encoding="utf-8")
        program.write_text(script(), encoding="utf-8")

        run = subprocess.run([sys.executable, str(program), str(file)], capture_output=True, text=True)

        assert run.returncode == 1
        assert "not the one that was frozen" in run.stderr

    @pytest.mark.rule("A-38")
    def test_database_keeps_the_population_and_the_order_of_the_acts(self, auditor):
        make_listing()
        draw = freeze_population(sample=1, actor=auditor)

        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            AuditDraw.objects.filter(pk=draw.pk).update(population=b"{}")
        with pytest.raises(DatabaseError, match="after the population"), transaction.atomic():
            AuditSeed.objects.create(
                draw=draw, value="0" * 64, selected=[], drawn_by=auditor, drawn_at=draw.frozen_at - timedelta(seconds=1)
            )
        seed = draw_seed(number=draw.number, actor=auditor)
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            AuditSeed.objects.filter(pk=seed.pk).update(value="1" * 64)
        with pytest.raises(TransitionRefused) as refused:
            draw_seed(number=draw.number, actor=auditor)
        assert codes(refused) == ["drawn"]

    @pytest.mark.rule("BR-178")
    def test_under_audit_and_recently_audited_are_not_drawn(self, auditor):
        running, recent, free = (make_listing()[0] for _ in range(3))
        open_audit(listing_id=running.pk, motive="Suivi", actor=auditor)
        made = open_audit(listing_id=recent.pk, motive="Suivi", actor=auditor)
        Audit.objects.filter(pk=made.pk).update(state=AuditState.PLANNED, ended_at=timezone.now())
        cancel_audit(audit_id=made.pk, why="Essai", actor=auditor)

        draw = freeze_population(sample=1, actor=auditor)

        content = json.loads(bytes(draw.population))
        assert content["services"] == sorted(
            [recent.enrolment.number, free.enrolment.number]
        )  # a cancelled one is none
        assert content["excluded"] == [{"number": running.enrolment.number, "reason": "audit en cours"}]

    def test_too_few_services_and_strangers_are_refused(self, auditor):
        with pytest.raises(TransitionRefused) as refused:
            freeze_population(sample=1, actor=auditor)
        assert codes(refused) == ["sample"]
        with pytest.raises(PermissionDenied):
            freeze_population(sample=1, actor=make_agent(Role.LISTING_TEAM))

    def test_the_public_reads_the_fingerprint_only_while_audits_run(self, auditor, client):
        make_listing()
        draw = freeze_population(sample=1, actor=auditor)
        draw_seed(number=draw.number, actor=auditor)
        url = reverse("listing:draw_export", args=[draw.number])

        before = client.get(url).json()
        cancel_audit(audit_id=Audit.objects.get().pk, why="Essai", actor=auditor)
        after = client.get(url).json()

        assert set(before) == {"number", "population_sha256", "frozen_at"}
        assert before["population_sha256"] == after["population_sha256"]
        assert after["selected"]


@pytest.mark.django_db
class TestAudit:
    def announce(self, audit, auditor, *, days=40, **fields):
        return notify_audit(
            **{
                "audit_id": audit.pk,
                "plan": "Vérification sur pièces des critères d’éthique.",
                "plan_file": [examined()],
                "starts_on": timezone.localdate() + timedelta(days=days),
                "actor": auditor,
                **fields,
            }
        )

    def running(self, auditor):
        listing, manager = make_listing()
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=auditor)
        self.announce(audit, auditor)
        start_audits(at=noon(timezone.localdate() + timedelta(days=40)))
        audit.refresh_from_db()
        return audit, manager

    @pytest.mark.rule("BR-174")
    def test_notice_of_a_month_with_the_plan_attached(self, auditor):
        listing, _ = make_listing()
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=auditor)
        today = timezone.localdate()

        with pytest.raises(TransitionRefused) as refused:
            self.announce(audit, auditor, plan=" ", plan_file=[], starts_on=months_after(today, 1) - timedelta(days=1))
        assert codes(refused) == ["starts_on", "plan", "plan_file"]
        self.announce(audit, auditor, starts_on=months_after(today, 1))
        audit.refresh_from_db()
        assert (audit.state, audit.auditor) == (AuditState.NOTIFIED, auditor)

    @pytest.mark.rule("A-21")
    def test_nobody_audits_a_file_that_they_assessed(self, auditor):
        listing, _ = make_listing()
        ThemeReview.objects.filter(candidature=listing.decision.candidature).update(expert=auditor)
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=auditor)

        with pytest.raises(TransitionRefused) as refused:
            self.announce(audit, auditor)

        assert codes(refused) == ["assessed"]

    @pytest.mark.rule("A-21")
    def test_an_outdated_declaration_bars_the_auditor(self):
        auditor = make_agent(Role.AUDITOR, has_declared=False)
        listing, _ = make_listing()
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=auditor)
        with pytest.raises(TransitionRefused) as refused:
            self.announce(audit, auditor)
        assert codes(refused) == ["interests_missing"]

    @pytest.mark.rule("BR-174", "OQ-15")
    def test_it_starts_on_its_day_once_and_the_service_stays_visible(self, auditor):
        listing, _ = make_listing()
        audit = open_audit(listing_id=listing.pk, motive="Suivi", actor=auditor)
        self.announce(audit, auditor)
        day = timezone.localdate() + timedelta(days=40)

        counts = [start_audits(at=noon(each)) for each in (day - timedelta(days=1), day, day)]

        audit.refresh_from_db()
        assert counts == [0, 1, 0]
        assert (audit.state, audit.due_on) == (AuditState.RUNNING, months_after(day, 1))
        assert Listing.objects.published(on=day).filter(pk=listing.pk).exists()

    def test_documents_complements_visit_report_and_a_favourable_end(self, auditor, django_capture_on_commit_callbacks):

        audit, manager = self.running(auditor)
        file_documents(
            audit_id=audit.pk, text="Nos procédures.", confirms_answers=True, documents=[examined()], actor=manager
        )
        later = timezone.localdate() + timedelta(days=60)
        ask_complements(audit_id=audit.pk, text="Le registre.", due_on=later, actor=auditor)
        with pytest.raises(TransitionRefused) as refused:
            write_report(audit_id=audit.pk, findings="Conforme.", actor=auditor)
        assert codes(refused) == ["waiting"]
        file_documents(
            audit_id=audit.pk, text="Le registre.", confirms_answers=False, documents=[examined()], actor=manager
        )
        visited = timezone.localdate() + timedelta(days=45)
        add_visit(
            audit_id=audit.pk,
            visited_on=visited,
            place="Lyon",
            people="Camille",
            findings="Serveurs conformes.",
            actor=auditor,
            at=noon(visited),
        )
        write_report(audit_id=audit.pk, findings="Tout est conforme.", actor=auditor)
        audit.refresh_from_db()
        report = read_report(audit)
        assert [each["is_request"] for each in report["exchanges"]] == [False, True, False]
        assert (report["had_documents"], report["visits"][0]["place"]) == (True, "Lyon")
        assert audit.report_file.name.startswith("rapport-audit-")
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            Audit.objects.filter(pk=audit.pk).update(payload=b"{}")

        with django_capture_on_commit_callbacks(execute=True):
            conclude_audit(
                audit_id=audit.pk, is_favourable=True, text="Le service respecte ses critères.", actor=auditor
            )

        audit.listing.refresh_from_db()
        assert audit.listing.state == ListingState.LISTED
        assert not Procedure.objects.exists()
        assert "conclusion" in Notification.objects.filter(recipient=manager).latest("pk").content.lower()

    @pytest.mark.rule("BR-175", "A-02")
    def test_no_answer_ends_in_a_formal_notice_that_the_ministry_decides(self, auditor):

        audit, _ = self.running(auditor)
        past = noon(audit.due_on + timedelta(days=1))
        with pytest.raises(TransitionRefused) as refused:
            write_report(audit_id=audit.pk, findings="Sans réponse.", actor=auditor, at=noon(audit.due_on))
        assert codes(refused) == ["waiting"]

        write_report(audit_id=audit.pk, findings="Sans réponse.", actor=auditor, at=past)
        conclude_audit(audit_id=audit.pk, is_favourable=False, text="Aucun document reçu.", actor=auditor, at=past)

        procedure = Procedure.objects.get()
        audit.listing.refresh_from_db()
        assert (procedure.kind, procedure.condition, procedure.opened_at) == (DecisionKind.FORMAL_NOTICE, "audit", None)
        assert audit.listing.state == ListingState.LISTED

    def test_only_the_auditor_in_charge_goes_on_and_the_editor_learns_of_it_when_told(self, auditor):
        audit, manager = self.running(auditor)
        with pytest.raises(TransitionRefused) as refused:
            write_report(audit_id=audit.pk, findings="Conforme.", actor=make_agent(Role.AUDITOR))
        assert codes(refused) == ["other_auditor"]
        with pytest.raises(PermissionDenied):
            write_report(audit_id=audit.pk, findings="Conforme.", actor=make_agent(Role.LISTING_TEAM))
        with pytest.raises(TransitionRefused) as refused:
            file_documents(audit_id=audit.pk, text="", confirms_answers=True, documents=[], actor=manager)
        assert codes(refused) == ["text", "files"]

        planned = open_audit(listing_id=make_listing()[0].pk, motive="Suivi", actor=auditor)
        owner = planned.listing.enrolment.candidatures.first().applied_by
        assert Audit.objects.visible_to(manager).count() == 1
        assert not Audit.objects.visible_to(owner).exists()

    def test_one_at_a_time_and_with_a_reason(self, auditor):
        listing, _ = make_listing()
        open_audit(listing_id=listing.pk, motive="Suivi", actor=auditor)
        with pytest.raises(TransitionRefused) as refused:
            open_audit(listing_id=listing.pk, motive=" ", actor=auditor)
        assert codes(refused) == ["running", "motive"]
