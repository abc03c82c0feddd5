from django.urls import path

from convergence.drafts import views

app_name = "drafts"
urlpatterns = [path("<str:form>/", views.draft_save, name="draft_save")]
