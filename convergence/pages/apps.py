from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "convergence.pages"
    label = "pages"
    verbose_name = "Accueil et files"

    def ready(self) -> None:
        from convergence.pages.context_processors import read_unread_with_people

        read_unread_with_people()
