from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from convergence.accounts import demo


class Command(BaseCommand):
    help = "Print the demo accounts, their password and the current code of agents."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            accounts = demo.list_accounts()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        width = max(len(account.email) for account in accounts)
        self.stdout.write(f"Mot de passe de tous les comptes : {demo.PASSWORD}\n")
        for account in accounts:
            self.stdout.write(f"{account.email:<{width}}  {account.code or '      '}  {account.what}")
        self.stdout.write("Les codes changent toutes les trente secondes : page /demo/ ou manage.py demo_accounts.")
