"""Connection tests of the demo world: campaigns at several states, brought there by the services that people use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from convergence.accounts.models import User
from convergence.documents.pdf import render_pdf
from evidence.models import StoredFile
from evidence.services import keep_generated
from referencing.candidature.core.workbook import OK
from referencing.candidature.enums import CampaignState, KeysChannel
from referencing.candidature.models import Candidature, TestCampaign, TestFile
from referencing.candidature.services.connection import campaigns, slots
from referencing.candidature.services.connection.lines import LineChange, save_lines
from referencing.candidature.services.connection.standing import newest_campaign

COACH, LEAD = "tests@mes.example", "responsable-tests@mes.example"
#: Days after the application on which each step is done; those of the evaluation come before.
DAYS = {"keys": 16, "begin": 18, "submit": 20, "answer": 23, "plan": 26, "start": 30, "end": 32}


def run_demo_tests(
    file: Candidature, *, until: CampaignState, manager: User, day: Callable[[int], AbstractContextManager[None]]
) -> None:
    """Bring the campaign of an admissible file to a state; `day(n)` puts services n days after the application."""
    campaign = newest_campaign(file)
    if campaign is None:
        raise ValueError(f"{file} exchanges nothing")
    _Tests(campaign, until, manager, day).run()


@dataclass
class _Tests:
    campaign: TestCampaign
    until: CampaignState
    manager: User
    day: Callable[[int], AbstractContextManager[None]]

    def run(self) -> None:
        self.today = timezone.now()
        self.coach = User.objects.get(email=COACH)
        steps: list[tuple[str, Callable[[], None], CampaignState]] = [
            ("keys", self._send_keys, CampaignState.KEYS_SENT),
            ("begin", self._begin, CampaignState.E2E_RUNNING),
            ("submit", self._submit, CampaignState.ACCEPTANCE_SUBMITTED),
            ("answer", self._send_back, CampaignState.E2E_REDO)
            if self.until == CampaignState.E2E_REDO
            else ("answer", self._accept, CampaignState.CONNECTION_PLANNED),
            ("start", self._start, CampaignState.CONNECTION_RUNNING),
            ("end", self._pass, CampaignState.PASSED),
        ]
        for name, step, reached in steps:
            with self.day(DAYS[name]):
                step()
            if reached == self.until:
                return
        raise ValueError(f"{self.until} is not reached by the demo world")

    def _send_keys(self) -> None:
        lead = User.objects.get(email=LEAD)
        campaigns.assign_coach(campaign_id=self.campaign.pk, coach_id=self.coach.pk, actor=lead)
        campaigns.send_keys(
            campaign_id=self.campaign.pk,
            to=self.manager.get_full_name(),
            channel=KeysChannel.SAFE,
            on=timezone.now(),
            actor=self.coach,
        )

    def _begin(self) -> None:
        """Half of the cahier is filled."""
        codes = list(self.campaign.lines.order_by("position").values_list("code", flat=True))
        self._fill("result", "comment", codes[: max(1, len(codes) // 2)], by=self.manager)

    def _submit(self) -> None:
        lines = self.campaign.lines.order_by("position")
        self._fill("result", "comment", lines.filter(result="").values_list("code", flat=True), by=self.manager)
        visual, now = self._visual(), timezone.now()
        for line in lines.filter(needs_visual=True):
            TestFile.objects.create(campaign=self.campaign, line=line, file=visual, added_by=self.manager, added_at=now)
        campaigns.submit_acceptance(campaign_id=self.campaign.pk, actor=self.manager)

    def _fill(self, result: str, comment: str, codes: object, *, by: User) -> None:
        versions = dict(self.campaign.lines.values_list("code", "version"))
        changes = {
            code: LineChange({result: OK, comment: "Conforme au résultat attendu."}, versions[code])
            for code in codes  # type: ignore[attr-defined]
        }
        save_lines(campaign_id=self.campaign.pk, changes=changes, actor=by)

    def _visual(self) -> StoredFile:
        product = self.campaign.candidature.enrolment.product
        values = {
            "title": "Copies d’écran de la recette",
            "criterion": {"code": "", "title": "Chaque test du cahier, avec son résultat.", "objective": ""},
            "product": product.label,
            "organisation": product.organisation.name,
        }
        return keep_generated(content=render_pdf("demo/evidence_pdf.html", values), name="copies-ecran.pdf", code="pdf")

    def _send_back(self) -> None:
        line = self.campaign.lines.filter(needs_visual=True).order_by("position")[0]
        reason = LineChange({"redo_reason": "La date de l’échange n’est pas visible."}, line.version)
        save_lines(campaign_id=self.campaign.pk, changes={line.code: reason}, actor=self.coach)
        campaigns.send_back(campaign_id=self.campaign.pk, actor=self.coach)

    def _accept(self) -> None:
        campaigns.accept_acceptance(
            campaign_id=self.campaign.pk,
            modalities="Par visioconférence, avec votre équipe technique, en une heure.",
            actor=self.coach,
        )
        with self.day(DAYS["plan"]):
            before = self.today if self.until == CampaignState.CONNECTION_PLANNED else timezone.now()
            slots.propose_slot(
                campaign_id=self.campaign.pk,
                starts_at=before.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3),
                minutes=60,
                place="https://visio.example/raccordement",
                actor=self.coach,
            )

    def _start(self) -> None:
        slot = self.campaign.slots.get(booked_at=None)
        with self.day(DAYS["plan"] + 1):
            slots.book_slot(slot_id=slot.pk, actor=self.manager)
        campaigns.start_connection(campaign_id=self.campaign.pk, actor=self.coach)

    def _pass(self) -> None:
        codes = self.campaign.lines.values_list("code", flat=True)
        self._fill("final_result", "final_remark", list(codes), by=self.coach)
        campaigns.complete_campaign(campaign_id=self.campaign.pk, actor=self.coach)
