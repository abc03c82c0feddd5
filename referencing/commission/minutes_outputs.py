"""Documents of a session that are made on demand, by jobs: attendance sheet, extract of the minutes (A-28, A-29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from convergence.jobs.registry import Output, Report
from referencing.commission.models import CommissionSession, Minutes
from referencing.commission.selectors.minutes import content_for
from referencing.commission.services.minutes import make_attendance_sheet, make_extract

if TYPE_CHECKING:
    from convergence.jobs.models import Job

ATTENDANCE_JOB = "commission.attendance"
EXTRACT_JOB = "commission.extract"
PDF = "application/pdf"


def make_attendance(job: Job, report: Report) -> Output:
    session = CommissionSession.objects.select_related("chair").get(pk=job.payload["session"])
    report(10, "Mise en page de la feuille de présence")
    content = make_attendance_sheet(session, at=timezone.now())
    return Output(f"presence-seance-{session.number}.pdf", PDF, content)


def make_minutes_extract(job: Job, report: Report) -> Output:
    """What the requester may know when the job runs: a link declared meanwhile masks its point."""
    minutes = Minutes.objects.select_related("session").get(pk=job.payload["minutes"])
    if job.requester is None:
        raise ValueError("an extract is made for somebody")
    report(10, "Mise en page de l’extrait")
    content = make_extract(minutes, content_for(minutes, job.requester), at=timezone.now())
    return Output(f"extrait-pv-seance-{minutes.session.number}.pdf", PDF, content)
