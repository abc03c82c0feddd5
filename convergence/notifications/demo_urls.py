"""Mounted by the demo settings only."""

from django.urls import path

from convergence.notifications import demo_views

app_name = "demo_mails"
urlpatterns = [
    path("", demo_views.mail_list, name="mail_list"),
    path("<int:mail_id>/", demo_views.mail_detail, name="mail_detail"),
]
