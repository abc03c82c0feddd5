from django.urls import path

from convergence.ui import views

app_name = "ui"
urlpatterns = [
    path("", views.component_list, name="component_list"),
    path("enregistrement/", views.component_autosave, name="component_autosave"),
]
