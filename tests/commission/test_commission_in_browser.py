"""From a ready file to the public catalogue, clicked by everybody concerned, each in a browser of their own (Chromium)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.notifications.models import Notification
from evidence.services import read_bytes
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.conclusion import conclude
from referencing.commission.enums import OpinionKind, SessionState
from referencing.commission.models import AgendaPoint, CommissionSession, Reservation, Vote
from referencing.commission.services.transmit import transmit_file
from referencing.convention.models import Convention
from referencing.decision.enums import DecisionKind, DecisionState
from referencing.decision.models import Decision
from tests.candidature.factories import conclude_themes, make_candidature
from tests.candidature.test_instruction_in_browser import in_french, load_settings, state_of
from tests.candidature.test_keyboard import elsewhere
from tests.commission.deliberation_factories import reserve
from tests.commission.factories import CODES, make_commission
from tests.commission.walking import convoke_on, declare_free, hold_session, pass_days
from tests.decision.factories import sign_as_editor
from tests.factories import make_agent
from tests.listing.factories import SHEET, png
from tests.plugins.browser import login

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Desk:
    """One person at a browser of their own."""

    page: Page
    root: str
    person: User | None

    def open(self, name: str, *arguments: Any) -> Page:
        """A page by the name of its address; it must answer."""
        return self.visit(reverse(name, args=arguments))

    def visit(self, address: str) -> Page:
        response = self.page.goto(address if address.startswith("http") else self.root + address)
        assert response is not None
        assert response.status == 200, (response.status, address)
        return self.page

    def press(self, label: str | re.Pattern[str]) -> None:
        """A button that posts, or that confirms on a page."""
        self.page.get_by_role("button", name=label, exact=isinstance(label, str)).first.click()

    def follow(self, label: str | re.Pattern[str]) -> None:
        self.page.get_by_role("link", name=label, exact=isinstance(label, str)).first.click()

    def press_and_confirm(self, label: str) -> None:
        """An action that first asks, in a window over the page."""
        self.page.get_by_role("link", name=label, exact=True).first.click()
        self.page.get_by_role("dialog").get_by_role("button", name=label, exact=True).click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def read_news(self, text: str) -> Page:
        """Open what the last notification that says `text` leads to, as the person does."""
        link = elsewhere(
            lambda: Notification.objects.filter(recipient=self.person, content__contains=text).latest("pk").link
        )
        return self.visit(link)


@pytest.fixture
def sit(browser: Browser, live_server: Any, settings: Any, tmp_path: Any) -> Iterator[Callable[..., Desk]]:
    """`sit(person)`: a desk with its own session; `sit(None)` is anybody."""
    settings.SIGNATURE_DIR = str(tmp_path)
    cache.clear()
    contexts = []

    def make(person: User | None = None) -> Desk:
        context = browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        if person is not None:
            login(page, live_server, person)
        return Desk(page, live_server.url, person)

    yield make
    for context in contexts:
        context.close()


@dataclass
class Cast:
    """The file and everybody around it."""

    file: Candidature
    editor: User
    team: User
    secretary: User
    ministry: User
    cnam: User
    members: dict[str, User] = field(default_factory=dict)

    @property
    def chair(self) -> User:
        return self.members["dns"]


def make_ready(team: User, *, proposal: str = "favourable", **fields: Any) -> tuple[Candidature, User]:
    """A file that was really concluded, with a convention that its editor really signed."""
    file, editor = make_candidature(CandidatureState.EVALUATION, referent=team, **fields)
    conclude_themes(file, team)
    conclude(candidature_id=file.pk, proposal=proposal, text="Le service répond aux critères vérifiés.", actor=team)
    sign_as_editor(Convention.objects.get(enrolment=file.enrolment))
    return Candidature.objects.select_related("enrolment__product__organisation", "dossier").get(pk=file.pk), editor


def make_cast(**fields: Any) -> Cast:
    load_settings()
    team = make_agent(Role.LISTING_TEAM)
    file, editor = make_ready(team, **{"name": "Carnet de tension", **fields})
    return Cast(
        file,
        editor,
        team,
        make_agent(Role.SECRETARY),
        make_agent(Role.MINISTRY),
        make_agent(Role.CNAM),
        make_commission(),
    )


def the_session() -> CommissionSession:
    return CommissionSession.objects.latest("number")


def the_point(cast: Cast) -> AgendaPoint:
    return AgendaPoint.objects.filter(candidature=cast.file).latest("added_at")


# -- steps that several walks click


def plan_and_convoke(secretary: Desk, cast: Cast) -> CommissionSession:
    secretary.open("commission:session_create")
    secretary.page.locator("#id_day").fill(in_french(12))
    secretary.page.locator("#id_hour").fill("10:00")
    secretary.page.locator("#id_place").fill("Salle 1")
    secretary.press("Planifier la séance")
    secretary.follow("Inscrire des dossiers")
    secretary.page.get_by_role("checkbox", name=re.compile(cast.file.enrolment.product.name)).check(force=True)
    secretary.press("Inscrire à l’ordre du jour")
    secretary.follow("Convoquer la commission")
    secretary.press("Envoyer la convocation")
    secretary.sees("Convoquée")
    return elsewhere(the_session)


def open_the_session(chair: Desk, session: CommissionSession, *, absent: tuple[str, ...] = ()) -> None:
    chair.open("commission:session_detail", session.pk)
    chair.follow("Ouvrir la séance")
    chair.page.get_by_role("radio", name=chair.person.get_full_name()).check(force=True)
    for code in CODES:
        if code not in absent:
            chair.page.locator(f"input[name='seat-{code}']").nth(1).check(force=True)
    chair.press("Ouvrir la séance")
    chair.sees("Ouverte")


def vote_and_give(
    chair: Desk, secretary: Desk, point: AgendaPoint, kind: OpinionKind, *, voters: tuple[Desk, ...] = ()
) -> None:
    """The point examined, deliberated and put to the vote; `voters` press themselves, the secretary takes the others’."""
    label = str(kind.label)
    chair.open("commission:point_room", point.pk)
    chair.press("Commencer l’examen")
    chair.press("Commencer le délibéré")
    chair.page.get_by_role("radio", name=re.compile("^À main levée")).check(force=True)
    chair.press("Ouvrir le scrutin")
    for voter in voters:
        voter.open("commission:point_room", point.pk)
        for left in (1, 0):  # one’s own voice, then the one that one represents
            voter.page.get_by_role("radio", name=label, exact=True).first.check(force=True)
            voter.press(re.compile("^Voter"))
            voter.press("Confirmer cette voix")
            expect(voter.page.get_by_role("button", name=re.compile("^Voter"))).to_have_count(left)
    secretary.open("commission:point_room", point.pk)
    secretary.page.get_by_text("Relever les voix à main levée").click()
    for chooser in secretary.page.locator("details select").all():
        chooser.select_option(label=label)
    secretary.press("Relever les voix")
    chair.open("commission:point_room", point.pk)
    chair.press_and_confirm("Clore le scrutin")
    chair.follow("Rédiger l’avis")
    chair.page.locator("#id_reasons").fill("Le service apporte un suivi utile aux patients.")
    chair.press("Rendre l’avis")
    chair.sees("L’avis est figé et scellé")
    chair.press("Rendre l’avis")
    chair.sees("L’avis est rendu")


def sign_form(desk: Desk) -> None:
    """Who signs, under which delegation."""
    page = desk.page
    page.get_by_label("Nom du signataire").fill("Claude Renard")
    page.get_by_label("Qualité du signataire").fill("délégué au numérique en santé")
    page.get_by_label("Référence de la délégation").fill("Arrêté du 3 mars 2026, article 2")
    page.get_by_label("Délégation valable du").fill(in_french(-100))
    page.get_by_label("Délégation valable jusqu’au").fill(in_french(300))


def decide(ministry: Desk, cast: Cast, kind: DecisionKind) -> Decision:
    """Drafted from the list, endorsed, signed."""
    ministry.read_news("Préparez la décision")
    ministry.follow("Décision du ministre")
    ministry.press(f"Préparer une {kind.label.lower()}")
    ministry.sees("Relisez ses motifs")
    ministry.press(re.compile("^Viser"))
    ministry.follow("Signer")
    sign_form(ministry)
    ministry.press("Signer")
    ministry.press("Signer un acte")
    ministry.page.wait_for_url(re.compile("/travaux/"))
    ministry.open("decision:file_decision", cast.file.pk)
    decision = elsewhere(lambda: Decision.objects.get(candidature=cast.file))
    assert decision.state == DecisionState.SIGNED
    ministry.sees(decision.number or "")
    return decision


def countersign(desk: Desk, cast: Cast) -> None:
    desk.open("decision:convention_list")
    desk.page.get_by_role("checkbox", name=re.compile(cast.file.enrolment.product.name)).check(force=True)
    sign_form(desk)
    desk.press("Signer")
    expect(desk.page.get_by_role("heading", name="Signer les conventions")).to_be_visible()
    desk.press("Signer")
    desk.sees(re.compile("Aucune convention à signer|signée"))


def fill_publication(editor: Desk, cast: Cast, logo: Path) -> None:
    page = editor.open("listing:publication_edit", cast.file.enrolment_id)
    page.locator("input[type=file]").first.set_input_files(logo)
    if page.get_by_role("button", name=re.compile("^(Déposer|Envoyer)")).count():
        page.get_by_role("button", name=re.compile("^(Déposer|Envoyer)")).first.click()
    expect(page.get_by_alt_text("Logo déposé")).to_be_visible()
    page.get_by_label("Nom du service").fill("Carnet de tension")
    page.get_by_label("Présentation courte").fill(SHEET["short_text"])
    page.get_by_label("Présentation détaillée").fill(SHEET["long_text"])
    page.get_by_role("checkbox", name="Suivi de pathologies et traitements").check(force=True)
    page.get_by_role("radio", name="Gratuit", exact=True).check(force=True)
    page.get_by_role("checkbox", name="Site web").check(force=True)
    page.get_by_label("Adresse du site").fill(SHEET["web_url"])
    page.get_by_role("radio", name="Partiellement conforme").check(force=True)
    page.get_by_label("Adresse e-mail d’aide").fill(SHEET["support_email"])
    editor.press("Voir ce que verront les usagers")
    editor.press_and_confirm("Soumettre la fiche de publication")
    editor.sees("À vérifier")


def sees_ball(desk: Desk, cast: Cast, words: str | re.Pattern[str]) -> None:
    """The page of the file says who must act; the page of the product too."""
    desk.open("candidature:candidature_detail", cast.file.pk)
    desk.sees(words)


# -- the walks


@pytest.mark.rule("BR-150", "BR-155", "BR-160", "BR-170", "A-03", "A-27", "A-28", "A-37")
def test_from_a_ready_file_to_the_public_catalogue(sit: Callable[..., Desk], tmp_path: Path):
    cast = elsewhere(make_cast)
    logo = tmp_path / "logo.png"
    logo.write_bytes(png(64, 64))
    editor, team, secretary = sit(cast.editor), sit(cast.team), sit(cast.secretary)
    chair = sit(cast.chair)

    # the publication sheet is written and checked meanwhile
    fill_publication(editor, cast, logo)
    team.read_news("Vérifiez la fiche")
    team.press_and_confirm("Accepter la fiche")
    team.sees("Cette fiche est acceptée")

    # convoked: each declares, on names alone; one has a link, one gives a mandate
    session = plan_and_convoke(secretary, cast)
    sees_ball(editor, cast, "La commission")
    conflicted = sit(cast.members["siege-4"])
    conflicted.read_news("")
    conflicted.follow("Déclarer mes liens")
    conflicted.sees("Carnet de tension")
    conflicted.page.get_by_role("radio", name="Oui, je me déporte").check(force=True)
    conflicted.press("Enregistrer mes réponses")
    conflicted.press("Déclarer mes liens")
    conflicted.sees("Déport")
    expect(conflicted.page.get_by_text("Carnet de tension")).to_have_count(0)
    voter = sit(cast.members["siege-3"])
    voter.open("commission:link_declare", session.pk)
    voter.press("Aucun lien, sur aucun point")
    voter.sees("Carnet de tension")
    others = [person for code, person in cast.members.items() if code not in ("siege-3", "siege-4")]
    elsewhere(lambda: declare_free(session, *others))
    absent = sit(cast.members["siege-9"])
    absent.open("commission:session_detail", session.pk)
    absent.follow("Donner mandat")
    absent.page.get_by_label("Donne mandat à").select_option(label=mandate_label(absent, cast))
    absent.press("Donner mandat")
    absent.sees("Le mandat est enregistré")

    # the session: nine seats, one barred, one represented
    elsewhere(lambda: pass_days(session))
    open_the_session(chair, session, absent=("siege-9",))
    chair.sees("8 présents ou représentés sur 9, quorum de 5 atteint")
    point = elsewhere(lambda: the_point(cast))
    vote_and_give(chair, secretary, point, OpinionKind.FAVOURABLE, voters=(voter,))
    tally = elsewhere(lambda: Vote.objects.get(point=point).tally)
    assert (tally["counts"]["favourable"], tally["voices"]) == (8, 8)
    editor.read_news("Avis de la commission")
    editor.sees("Favorable")

    # minutes, transmission
    chair.open("commission:session_detail", session.pk)
    chair.follow("Clore la séance")
    chair.press("Clore la séance")
    secretary.open("commission:minutes_detail", session.pk)
    secretary.page.get_by_label("Ouverture de la séance").fill("La présidence ouvre la séance.")
    secretary.press("Enregistrer le procès-verbal")
    chair.open("commission:minutes_detail", session.pk)
    chair.press_and_confirm("Signer le procès-verbal")
    chair.sees("Signé par")
    conflicted.open("commission:minutes_detail", session.pk)
    conflicted.sees("Déport.")
    expect(conflicted.page.get_by_text("Carnet de tension")).to_have_count(0)
    secretary.open("commission:opinion_detail", cast.file.pk)
    secretary.press_and_confirm("Transmettre au ministre")
    secretary.sees("Le dossier est transmis au ministre")

    # decision, notified by the editor’s consultation
    ministry, cnam = sit(cast.ministry), sit(cast.cnam)
    sees_ball(editor, cast, re.compile("ministre", re.IGNORECASE))
    decision = decide(ministry, cast, DecisionKind.LISTING)
    editor.read_news("Prenez connaissance de la décision")
    editor.press("Prendre connaissance de la décision")
    editor.sees(decision.number or "")

    # the three parties, then the catalogue
    countersign(ministry, cast)
    countersign(cnam, cast)
    team.open("listing:publication_list")
    team.follow(re.compile("Carnet de tension"))
    team.press("Publier au catalogue")
    team.sees("Le service paraît tout de suite au catalogue public")
    team.press("Publier au catalogue")
    team.sees(re.compile("publié", re.IGNORECASE))
    assert state_of(cast.file) == CandidatureState.LISTED
    anybody = sit()
    anybody.open("listing:catalogue_list")
    anybody.follow(re.compile("Carnet de tension"))
    expect(anybody.page.get_by_role("heading", name="Carnet de tension", level=1)).to_be_visible()

    # anybody verifies the act
    document = elsewhere(lambda: read_bytes(Decision.objects.get(pk=decision.pk).document))
    genuine, altered = tmp_path / "decision.pdf", tmp_path / "faux.pdf"
    genuine.write_bytes(document)
    altered.write_bytes(document[:-9] + bytes([document[-9] ^ 1]) + document[-8:])
    anybody.open("trust:verification")
    anybody.page.get_by_label("Référence de la décision").fill(decision.number or "")
    anybody.press("Vérifier la référence")
    expect(anybody.page.get_by_role("heading", name="Authentique, décision en vigueur jusqu’au")).to_be_visible()
    anybody.page.get_by_label("Fichier à vérifier").set_input_files(genuine)
    anybody.page.get_by_role("button", name="Vérifier le fichier").click()
    expect(anybody.page.get_by_role("heading", name="Authentique, décision en vigueur jusqu’au")).to_be_visible()
    anybody.page.get_by_label("Fichier à vérifier").set_input_files(altered)
    anybody.page.get_by_role("button", name="Vérifier le fichier").click()
    expect(anybody.page.get_by_role("heading", name="Non reconnu")).to_be_visible()


def mandate_label(desk: Desk, cast: Cast) -> str:
    """What the list of holders says of the member who will carry the voice of the absent one."""
    name = cast.members["siege-3"].get_full_name()
    options = desk.page.get_by_label("Donne mandat à").locator("option").all_inner_texts()
    return next(each for each in options if name in each)


def make_opinion(kind: OpinionKind) -> Cast:
    """The services run the session; the walk begins with the opinion."""
    load_settings()
    team = make_agent(Role.LISTING_TEAM)
    file, editor = make_ready(team, name="Carnet de suivi")
    held = hold_session(file, kind, [reserve()] if kind == OpinionKind.WITH_SUSPENSIVE else [])
    return Cast(file, editor, team, held.secretary, make_agent(Role.MINISTRY), make_agent(Role.CNAM), held.members)


@pytest.mark.rule("BR-158", "A-30")
def test_suspensive_reservations_are_answered_lifted_then_the_minister_decides(sit: Callable[..., Desk]):
    cast = elsewhere(lambda: make_opinion(OpinionKind.WITH_SUSPENSIVE))
    editor, team, secretary, ministry = (sit(each) for each in (cast.editor, cast.team, cast.secretary, cast.ministry))
    reservation = elsewhere(lambda: Reservation.objects.get(candidature=cast.file))

    editor.read_news("Levez les réserves suspensives")
    sees_ball(editor, cast, re.compile("réserve"))
    editor.open("commission:reservation_detail", reservation.pk)
    editor.page.get_by_role("textbox", name="Votre réponse").fill("La politique est publiée sur notre site.")
    editor.press("Relire et envoyer")
    editor.press("Envoyer la réponse")
    secretary.open("commission:opinion_detail", cast.file.pk)
    secretary.sees("La réserve suspensive n° 1 n’est pas levée.")

    team.read_news("Examinez la réponse de l’éditeur")
    team.page.get_by_role("radio", name="Lever la réserve").check(force=True)
    team.page.get_by_label("Appréciation").fill("La politique publiée répond à la réserve.")
    team.press("Enregistrer la décision")
    team.sees("Levée")
    editor.read_news("elle est levée")
    editor.sees("Levée")

    secretary.read_news("Transmettez ce dossier")
    secretary.press_and_confirm("Transmettre au ministre")
    secretary.sees("Le dossier est transmis au ministre")
    decide(ministry, cast, DecisionKind.LISTING)
    assert state_of(cast.file) == CandidatureState.APPROVED


@pytest.mark.rule("BR-160", "A-01")
def test_after_an_unfavourable_opinion_the_ministry_may_only_refuse(sit: Callable[..., Desk]):
    def build() -> Cast:
        cast = make_opinion(OpinionKind.UNFAVOURABLE)
        transmit_file(candidature_id=cast.file.pk, actor=cast.secretary)
        return cast

    cast = elsewhere(build)
    editor, ministry = sit(cast.editor), sit(cast.ministry)

    ministry.read_news("Préparez la décision de refus")
    ministry.open("decision:draft_create", cast.file.pk)
    ministry.sees("Seul un refus peut être décidé")
    expect(ministry.page.get_by_role("button", name=re.compile("^Préparer une décision"))).to_have_count(1)
    decision = decide(ministry, cast, DecisionKind.REFUSAL)
    assert state_of(cast.file) == CandidatureState.REFUSED

    editor.read_news("Prenez connaissance de la décision")
    editor.press("Prendre connaissance de la décision")
    editor.sees("Voies et délais de recours")
    sees_ball(editor, cast, re.compile("[Rr]efus"))
    anybody = sit()
    anybody.open("trust:verification")
    anybody.page.get_by_label("Référence de la décision").fill(decision.number or "")
    anybody.press("Vérifier la référence")
    expect(anybody.page.get_by_role("heading", name="Non reconnu")).to_be_visible()


@pytest.mark.rule("BR-151", "BR-152", "A-27")
def test_without_quorum_the_same_agenda_is_convoked_again_and_voted_without_one(sit: Callable[..., Desk]):
    def build() -> tuple[Cast, CommissionSession]:
        cast = make_cast()
        return cast, convoke_on(cast.file, secretary=cast.secretary, members=cast.members)

    cast, session = elsewhere(build)
    secretary, chair, editor = sit(cast.secretary), sit(cast.chair), sit(cast.editor)
    absent = tuple(CODES[3:])

    open_the_session(chair, session, absent=absent)
    chair.sees(re.compile("3 présents ou représentés sur 9"))
    secretary.open("commission:session_detail", session.pk)
    secretary.follow("Constater l’absence de quorum")
    secretary.press("Constater l’absence de quorum")
    secretary.sees("Sans quorum")
    secretary.follow("Convoquer une seconde fois")
    secretary.page.locator("#id_day").fill(in_french(12))
    secretary.page.locator("#id_hour").fill("10:00")
    secretary.press("Envoyer la seconde convocation")
    secretary.sees("Reconvoquée")
    sees_ball(editor, cast, "La commission")

    elsewhere(lambda: pass_days(session))
    open_the_session(chair, session, absent=absent)
    chair.sees("Seconde convocation")
    point = elsewhere(lambda: the_point(cast))
    vote_and_give(chair, secretary, point, OpinionKind.FAVOURABLE)
    tally = elsewhere(lambda: Vote.objects.get(point=point).tally)
    assert (tally["counts"]["favourable"], tally["voices"]) == (3, 3)
    assert elsewhere(lambda: CommissionSession.objects.get(pk=session.pk).state) == SessionState.OPEN
