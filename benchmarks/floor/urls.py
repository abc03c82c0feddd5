"""The one page of the floor."""

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


class Row(models.Model):
    """A line of the table `floor_row`, made by the harness."""

    name = models.CharField(max_length=100)
    state = models.CharField(max_length=20)
    changed_at = models.DateTimeField()

    class Meta:
        app_label = "floor"
        db_table = "floor_row"
        managed = False

    def __str__(self) -> str:
        return self.name


def page(request: HttpRequest) -> HttpResponse:
    """Three queries: who (one row by key), how many, and the 40 newest."""
    me = Row.objects.get(pk=1)
    count = Row.objects.filter(state="open")[:1000].count()
    rows = Row.objects.order_by("-id")[:40]
    return render(request, "floor.html", {"me": me, "count": count, "rows": rows})


urlpatterns = [path("", page)]
