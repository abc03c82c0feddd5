"""Serve the demonstration site that the écoscore measures, on loopback, until Ctrl-C."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ecoscore.demo_site.server import HEAVY, SOBER, Server


class Command(BaseCommand):
    help = "Sert le petit site de démonstration de l’écoscore (versions sobre et lourde), sur cette machine seulement."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8010)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            server = Server(options["port"])
        except OSError as error:
            raise CommandError(f"Le port {options['port']} ne peut pas être ouvert : {error.strerror}.") from error
        with server:
            for version in (SOBER, HEAVY):
                self.stdout.write(f"http://127.0.0.1:{server.server_port}/{version}/")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                self.stdout.write("")
