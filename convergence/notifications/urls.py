from django.urls import path

from convergence.notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.notification_list, name="notification_list"),
    path("tout-lire/", views.notification_read_all, name="notification_read_all"),
    path("<int:notification_id>/lire/", views.notification_read, name="notification_read"),
]
