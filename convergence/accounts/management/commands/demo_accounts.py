from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from convergence.accounts import demo


class Command(BaseCommand):
    help = "Print the demo accounts, their password and the current code of agents."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-codes", action="store_true", help="leave out the codes, soon out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            accounts = demo.list_accounts()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        with_codes = not options["without_codes"]

        def code(account: demo.Account) -> str:
            return f"{account.code or '':<6}  " if with_codes else ""

        width = max(len(account.email) for account in accounts)
        for account in accounts:
            self.stdout.write(f"{account.email:<{width}}  {code(account)}{account.what}")
        self.stdout.write(f"\nMot de passe de tous les comptes : {demo.PASSWORD}")
        if with_codes:
            self.stdout.write("Les codes changent toutes les trente secondes.")
        else:
            self.stdout.write(f"Second facteur des agents (code du moment) : {settings.SITE_URL}/demo/")
        self.stdout.write(f"Mails envoyés : {settings.SITE_URL}/demo/mails/")
