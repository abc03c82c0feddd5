"""The page of a job: progress with a figure, then the file (BR-100); one may leave it and come back."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from convergence.accounts.requests import SignedInRequest
from convergence.jobs.enums import JobState
from convergence.jobs.models import Job

#: What each kind of job makes, in words.
TITLES = {
    "dossier.pdf": "Dossier d’évaluation en PDF",
    "dossier.xlsx": "Dossier d’évaluation en Excel",
}


def get_job(request: SignedInRequest, pk: UUID) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.user), pk=pk)


@require_GET
@login_required
def job_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Refreshes itself while the job runs; without scripts, a link does it."""
    job = get_job(request, pk)
    dossier = job.payload.get("dossier")
    template = "pages/job_detail.html#progress" if request.htmx else "pages/job_detail.html"  # type: ignore[attr-defined]
    return render(
        request,
        template,
        {
            "job": job,
            "title": TITLES.get(job.kind, "Travail en cours"),
            "is_open": job.state in (JobState.QUEUED, JobState.RUNNING),
            "is_done": job.state == JobState.DONE and bool(job.output),
            "back_url": reverse("candidature:dossier_detail", args=[dossier]) if dossier else "",
        },
    )


@require_GET
@login_required
def job_download(request: SignedInRequest, pk: UUID) -> FileResponse:
    """The file, as an attachment, to the person who asked for it."""
    job = get_job(request, pk)
    if job.state != JobState.DONE or not job.output:
        raise Http404
    return FileResponse(
        default_storage.open(str(job.output.name)),
        as_attachment=True,
        filename=job.output_name,
        content_type=job.output_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )
