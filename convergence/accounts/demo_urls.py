"""Mounted by the demo settings only."""

from django.urls import path

from convergence.accounts.views.demo import demo_index

app_name = "demo"
urlpatterns = [path("", demo_index, name="demo_index")]
