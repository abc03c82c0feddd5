from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "convergence.products"
    label = "products"
    verbose_name = "Produits et parcours"
