from django.urls import path

from convergence.products import views

app_name = "products"

urlpatterns = [
    path("", views.product_list, name="product_list"),
    path("ajouter/", views.product_create, name="product_create"),
    path("ajouter/recapitulatif/", views.product_create_confirm, name="product_create_confirm"),
    path("<uuid:pk>/modifier/", views.product_update, name="product_update"),
]
