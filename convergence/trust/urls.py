from django.urls import path

from convergence.trust import views

app_name = "trust"

urlpatterns = [path("verifier/", views.verification, name="verification")]
