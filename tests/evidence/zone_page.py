"""A stage's page with one drop zone, mounted for the tests only: this app has no address of its own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path

from convergence.ui.values import Action
from evidence import services
from evidence.errors import UploadRefused
from evidence.models import StoredFile
from evidence.values import deposited_file, drop_zone

PAGE = """{% load static %}<!DOCTYPE html>
<html lang="fr" data-fr-scheme="light">
<head>
  <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Preuves</title>
  <link rel="icon" href="{% static "ui/favicon.svg" %}">
  <link rel="stylesheet" href="{% static "dsfr/dist/dsfr.min.css" %}">
  <link rel="stylesheet" href="{% static "ui/ui.css" %}">
  <script type="module" src="{% static "ui/main.js" %}"></script>
</head>
<body><main class="fr-container"><h1>Preuves</h1><h2>Éthique</h2><h3>ETH.1</h3>
{% include "evidence/_drop_zone.html" %}</main></body></html>"""


def zone(request: HttpRequest) -> HttpResponse:
    errors: list[str] = []
    if request.method == "POST":
        try:
            services.receive(
                upload=request.FILES["file"], allowed_formats=("pdf", "png"), max_size_mb=1, actor=request.user
            )
            return redirect("zone")
        except UploadRefused as refused:
            errors = [problem.message for problem in refused.problems]
    files = StoredFile.objects.with_blob().select_related("uploaded_by").order_by("uploaded_at")
    value = drop_zone(
        id="preuve",
        label="Charte éthique",
        url="/zone/",
        formats=("pdf", "png"),
        max_size_mb=1,
        required=True,
        hint="Le document publié sur votre site.",
        errors=errors,
        archived_url="/zone/?archives",
        files=[
            deposited_file(file, download_url=f"/zone/{file.pk}", archive=Action("Archiver", "/zone/"))
            for file in files
        ],
    )
    template = engines["django"].from_string(PAGE)
    return TemplateResponse(request, template, {"zone": value}, status=422 if errors else 200)


def download(request: HttpRequest, pk: str) -> HttpResponse:
    return services.stream(StoredFile.objects.with_blob().get(pk=pk))


urlpatterns = [path("zone/", zone, name="zone"), path("zone/<uuid:pk>", download, name="zone_file")]
