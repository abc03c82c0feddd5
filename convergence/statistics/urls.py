from django.urls import path

from convergence.statistics import views

app_name = "statistics"

urlpatterns = [
    path("statistiques/", views.statistics_detail, name="statistics_detail"),
    path("statistiques/donnees.<str:form>", views.statistics_export, name="statistics_export"),
    path("pilotage/", views.board_detail, name="board_detail"),
]
