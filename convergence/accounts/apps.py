from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "convergence.accounts"
    label = "accounts"
    verbose_name = "Comptes et structures"
