"""A member who declares a link finds no trace of the file any more, wherever they look: A-28, crawled."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urldefrag, urljoin
from uuid import UUID

import pikepdf
import pytest
from django.core import mail
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import RoleAssignment, User
from convergence.notifications.models import Notification
from evidence.services import scan
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature
from referencing.candidature.services.conclusion import conclude
from referencing.commission.core.opinion import NewReservation
from referencing.commission.enums import Mode
from referencing.commission.models import AgendaPoint, CommissionSession, Recusal, Reservation
from referencing.commission.services.agenda import add_files
from referencing.commission.services.linking import declare_links
from referencing.commission.services.minutes import add_erratum, begin_minutes, sign_minutes, write_minutes
from referencing.commission.services.opinions import give_opinion
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.reading import prepare_opinion, save_note
from referencing.commission.services.reminders import remind_to_declare
from referencing.commission.services.reservations import (
    answer_reservation,
    comment_reservation,
    lift_reservation,
    remind_reservations,
)
from referencing.commission.services.sessions import (
    Arrival,
    close_session,
    convoke,
    convoke_again,
    note_lack_of_quorum,
    open_session,
    plan_session,
)
from referencing.commission.services.transmit import transmit_file
from referencing.commission.services.voting import close_vote, open_vote, record_voices
from referencing.decision.services import draft_decision, open_decision, sign_decision
from referencing.dossier.services import generate_dossier
from referencing.listing.enums import Condition
from referencing.listing.services.audits import open_audit
from referencing.listing.services.publishing import publish
from referencing.listing.services.sanctions import open_procedure
from referencing.listing.services.versions import declare_version
from tests.access.asking import NOTHING_TYPED
from tests.candidature.factories import conclude_themes, make_candidature
from tests.commission.deliberation_factories import CRITERION, in_days
from tests.commission.factories import make_commission
from tests.decision.factories import SETTINGS, make_signatory
from tests.dossier.factories import answer_core, make_signed_enrolment
from tests.factories import OrganisationFactory, make_agent
from tests.listing.factories import countersign, make_sheet
from tests.platform.test_hostile_strings import pdf_text
from tests.questionnaires.factories import deposit, finish, pdf

pytestmark = [pytest.mark.django_db, pytest.mark.rule("A-28", "BR-153")]

#: In every name and text of the file: product, organisation, evidence, comments, reasons.
WORD = "zelamarque"
#: Leaves the session, or starts work elsewhere: not what a page shows.
NOT_FOLLOWED = ("/compte/deconnexion/", "/compte/logout/", "/static/", "mailto:", "tel:", "javascript:")
#: What products and organisations are called is what a link is declared on (A-28): their own pages say nothing of the file.
NAMES = ("/produits/", "/structures/")
LINK = re.compile(r'(?:href|src|action|data-url|data-[a-z-]*url)="([^"]+)"')


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


# -- the file


@dataclass
class Stage:
    """The session with the file, and everybody around it."""

    file: Candidature
    other: Candidature
    editor: User
    secretary: User
    verifier: User
    ministry: User
    members: dict[str, User]
    session: CommissionSession
    marks: dict[str, str] = field(default_factory=dict)
    """What betrays the file, by what it is."""

    @property
    def point(self) -> AgendaPoint:
        return AgendaPoint.objects.select_related("session").get(session=self.session, candidature=self.file)


def make_marked(name: str, verifier: User) -> tuple[Candidature, User]:
    """A file of the commission whose product, organisation, evidence and conclusion all bear `name`."""
    enrolment, manager = make_signed_enrolment(
        name=f"{name} Carnet", organisation=OrganisationFactory(name=f"{name} Santé"), description=f"{name} suit."
    )
    enrolment.demarche.settings = {**enrolment.demarche.settings, **SETTINGS}
    enrolment.demarche.save(update_fields=["settings"])
    answer_core(enrolment)
    evidence = deposit(enrolment.response, "DEV.1.2", "declaration", upload=pdf(f"{name}-declaration.pdf"))
    scan(blob_id=evidence.file.blob_id)
    finish(
        enrolment.response,
        "ethique",
        {"DEV.1.1": {"compliance": "conforme", "number": Decimal("63.2")}, "DEV.1.2": {"compliance": "conforme"}},
    )
    made = generate_dossier(enrolment_id=enrolment.pk, actor=manager), manager
    candidature, editor = make_candidature(CandidatureState.EVALUATION, referent=verifier, made=made)
    conclude_themes(candidature, verifier)
    conclude(candidature_id=candidature.pk, proposal="favourable", text=f"{name} respecte tout.", actor=verifier)
    return candidature, editor


def make_stage() -> Stage:
    verifier, secretary = make_agent(Role.LISTING_TEAM), make_agent(Role.SECRETARY)
    file, editor = make_marked(WORD.capitalize(), verifier)
    other, _ = make_marked("Voisin", verifier)
    session = plan_session(
        held_at=timezone.now() + timedelta(days=12), place="Salle 1", remote_url="", actor=secretary, at=timezone.now()
    )
    add_files(session_id=session.pk, candidature_ids=[file.pk, other.pk], actor=secretary, at=timezone.now())
    stage = Stage(file, other, editor, secretary, verifier, make_agent(Role.MINISTRY), make_commission(), session)
    stage.marks = {
        "name": WORD,
        "reference": file.dossier.reference.casefold(),
        "candidature": str(file.pk),
        "dossier": str(file.dossier_id),
        "enrolment": str(file.enrolment_id),
        "product": str(file.enrolment.product_id),
        "point": str(stage.point.pk),
    }
    return stage


# -- reading what a person is shown


def is_poor(content: bytes) -> bool:
    """Invented evidence that calls itself a PDF and that no reader opens."""
    try:
        pikepdf.open(io.BytesIO(content)).close()
    except pikepdf.PdfError:
        return True
    return False


def words_of(content: bytes, kind: str) -> str:
    """What a page, a document with what it carries, an archive or a mail part says, in lower case."""
    if content.startswith(b"%PDF") and not is_poor(content):
        with pikepdf.open(io.BytesIO(content)) as document:
            carried = [part.get_file().read_bytes().decode(errors="replace") for part in document.attachments.values()]
            information = str(document.docinfo)
        return " ".join([pdf_text(content), information, *carried]).casefold()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return " ".join(archive.read(name).decode(errors="replace") for name in archive.namelist()).casefold()
    return content.decode(errors="replace").casefold()


class Reader:
    """One person at the platform: what each address answers, and the marks of a file in it."""

    def __init__(self, person: User, marks: dict[str, str]) -> None:
        self.person, self.marks = person, marks
        self.client, self.nobody = Client(), Client()
        self.client.force_login(person)

    def ask(self, address: str, method: str = "GET") -> tuple[int, str, str]:
        """Status, kind and words; whatever it wrote is undone."""
        cache.clear()
        with transaction.atomic():
            body = NOTHING_TYPED if method == "POST" else b""
            response = self.client.generic(method, address, body, "application/x-www-form-urlencoded")
            content = response.getvalue()
            transaction.set_rollback(True)
        kind = response.headers.get("Content-Type", "")
        headers = " ".join([response.headers.get("Content-Disposition", ""), response.headers.get("Location", "")])
        return response.status_code, kind, words_of(content, kind) + " " + headers.casefold()

    def is_public(self, address: str) -> bool:
        """Anybody reads of the file there without logging in: outside the rule."""
        with transaction.atomic():
            response = self.nobody.get(address)
            content = response.getvalue()
            transaction.set_rollback(True)
        return bool(self.betrayed(words_of(content, response.headers.get("Content-Type", ""))))

    def betrayed(self, words: str, *, but: tuple[str, ...] = ()) -> list[str]:
        return [what for what, mark in self.marks.items() if what not in but and mark in words]

    def crawl(self, *starts: str) -> tuple[set[str], list[str]]:
        """Every page that links lead to, and one line for each that says something of the file."""
        waiting, seen, found = list(starts), set(), []
        while waiting:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            status, kind, words = self.ask(address)
            what = self.betrayed(words)
            if what and not self.is_public(address):
                found.append(f"{address} ({status}): {what}")
            if "html" in kind:
                waiting += [link for link in self.links(address, words) if link not in seen]
            elif "Location" in kind or status in (301, 302):
                waiting.append(urldefrag(words.split()[-1])[0])
        return seen, found

    @staticmethod
    def links(address: str, words: str) -> Iterator[str]:
        for raw in LINK.findall(words):
            link = urldefrag(urljoin(address, raw.replace("&amp;", "&")))[0]
            if link.startswith("/") and not link.startswith(NOT_FOLLOWED):
                yield link


# -- every address that may point at the file


def related_rows(stage: Stage) -> dict[str, list[models.Model]]:
    """By app: the rows that hang on the file, its product and its organisation, and its session."""
    known: dict[tuple[str, Any], models.Model] = {}
    enrolment = stage.file.enrolment
    waiting: list[models.Model] = [
        stage.file, enrolment, enrolment.product, enrolment.product.organisation, stage.file.dossier, stage.session
    ]  # fmt: skip
    stops = {"accounts.user", "products.demarche", "questionnaires.definitionversion"}
    while waiting:
        row = waiting.pop()
        key = (row._meta.label_lower, row.pk)
        if key in known or row._meta.label_lower in stops:
            continue
        known[key] = row
        for relation in row._meta.related_objects:
            if relation.related_model._meta.app_label in LABELS and relation.field.name != "session":
                waiting += relation.related_model._base_manager.filter(**{relation.field.name: row})[:50]
    newest = {row._meta.label_lower: row for row in known.values()}  # one of each kind is enough to ask every address
    by_app: dict[str, list[models.Model]] = {}
    for row in newest.values():
        by_app.setdefault(row._meta.app_label, []).append(row)
    return by_app


#: Whoever has an account may ask to join an organisation that they name: its name alone, nothing of its files.
ASIDE = ("accounts:organisation_join",)
LABELS = {"products", "enrolment", "convention", "dossier", "candidature", "commission", "decision", "listing"}


def addresses(stage: Stage) -> Iterator[str]:
    """Each address of the URLconf that takes a key, with the keys of the rows that it may be about."""
    by_app = related_rows(stage)
    shared = [stage.file, stage.file.enrolment, stage.file.dossier, stage.file.enrolment.product, stage.session]
    hashes = set(_hashes(by_app))
    for namespace, pattern, converters in patterns(get_resolver(), ""):
        if (
            not converters
            or f"{namespace}{pattern.name}" in ASIDE
            or namespace.split(":")[0] in ("ui", "notifications")
        ):
            continue
        rows = [*by_app.get(namespace.split(":")[0], ()), *shared]
        keys = {row.pk for row in rows}
        pools = {
            "UUIDConverter": [key for key in keys if isinstance(key, UUID)],
            "IntConverter": [key for key in keys if isinstance(key, int)] + [1],
        }
        first, *others = sorted(converters, key=lambda name: name != "pk")
        fixed = {
            "sha256": sorted(hashes)[:3],
            "code": ["ethique"],
            "criterion": [CRITERION, "DEV.1.2"],
            "form": ["pdf"],
        }
        rest: dict[str, Any] = {}
        for name in others:
            kind = type(converters[name]).__name__
            rest[name] = (
                fixed.get(name) or (pools["IntConverter"] if kind == "IntConverter" else pools.get(kind)) or ["x"]
            )
        for key in fixed.get(first) or pools.get(type(converters[first]).__name__) or []:
            longest = max((len(values) for values in rest.values()), default=1)
            for rank in range(min(longest, 3)):
                arguments = {first: key, **{name: values[rank % len(values)] for name, values in rest.items()}}
                yield reverse(f"{namespace}{pattern.name}", kwargs=arguments)


def _hashes(by_app: dict[str, list[models.Model]]) -> Iterator[str]:
    for row in by_app.get("candidature", ()):
        for name in ("sha256", "content_sha256"):
            if value := getattr(row, name, ""):
                yield value


def patterns(
    resolver: URLResolver, namespace: str, above: dict[str, Any] | None = None
) -> Iterator[tuple[str, URLPattern, dict[str, Any]]]:
    """Each address with its namespace and the converters of its arguments, those of what it is mounted under included."""
    for entry in resolver.url_patterns:
        converters = {**(above or {}), **entry.pattern.converters}
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace, converters)
        else:
            yield namespace, entry, converters


# -- what happens to the file once the link is declared


def convene(stage: Stage) -> None:
    convoke(session_id=stage.session.pk, urgency_reason="", actor=stage.secretary, at=timezone.now())


def declare_a_link(stage: Stage, person: User) -> None:
    declare_links(
        session_id=stage.session.pk,
        conflicts={stage.point.pk: ""},
        free=list(stage.session.points.exclude(pk=stage.point.pk).values_list("pk", flat=True)),
        actor=person,
        at=timezone.now(),
    )


def free_the_others(stage: Stage, person: User) -> None:
    for member in stage.members.values():
        if member != person:
            declare_links(
                session_id=stage.session.pk,
                conflicts={},
                free=list(stage.session.points.pending().values_list("pk", flat=True)),
                actor=member,
                at=timezone.now(),
            )


def add_and_remind(stage: Stage) -> None:
    """A convocation of additions, reminders, others’ notes and prepared opinions."""
    added, _ = make_marked("Tardif", stage.verifier)
    add_files(session_id=stage.session.pk, candidature_ids=[added.pk], actor=stage.secretary, at=timezone.now())
    remind_to_declare(at=timezone.now() + timedelta(days=9))
    author = stage.members["siege-5"]
    save_note(point_id=stage.point.pk, text=f"Note {WORD}", actor=author)
    prepare_opinion(point_id=stage.point.pk, kind="favourable", text=f"Avis {WORD}", actor=author)


def lack_of_quorum(stage: Stage) -> None:
    """Opened with four members, convoked a second time on the same agenda."""
    today(stage)
    call_the_roll(stage, ["dns", "siege-5", "siege-6", "siege-7"])
    note_lack_of_quorum(session_id=stage.session.pk, actor=stage.secretary, at=timezone.now())
    convoke_again(
        session_id=stage.session.pk,
        held_at=timezone.now() + timedelta(days=12),
        place="Salle 2",
        remote_url="",
        urgency_reason="",
        actor=stage.secretary,
        at=timezone.now(),
    )


def today(stage: Stage) -> None:
    """The days pass until the session."""
    CommissionSession.objects.filter(pk=stage.session.pk).update(held_at=timezone.now())
    stage.session = CommissionSession.objects.get(pk=stage.session.pk)


def call_the_roll(stage: Stage, codes: list[str]) -> None:
    chair = stage.members["dns"]
    open_session(
        session_id=stage.session.pk,
        chair_id=chair.pk,
        arrivals=[Arrival(code, stage.members[code].pk, Mode.IN_PERSON) for code in codes],
        actor=chair,
        at=timezone.now(),
    )


def deliberate(stage: Stage) -> None:
    """The session again, an open vote, an opinion with a suspensive reservation."""
    examine(stage)
    vote_with_reservation(stage)


def examine(stage: Stage) -> None:
    """Everybody sits, and the point is called."""
    today(stage)
    call_the_roll(stage, list(stage.members))
    start_examination(point_id=stage.point.pk, actor=stage.secretary)


def vote_with_reservation(stage: Stage) -> None:
    point = stage.point
    start_deliberation(point_id=point.pk, has_rapporteur_left=True, actor=stage.secretary)
    vote = open_vote(point_id=point.pk, is_secret=False, actor=stage.secretary)
    barred = set(Recusal.objects.filter(candidature=stage.file).values_list("person", flat=True))
    voices = [code for code, person in stage.members.items() if person.pk not in barred]
    record_voices(vote_id=vote.pk, choices=dict.fromkeys(voices, "with_suspensive"), actor=stage.secretary)
    close_vote(vote_id=vote.pk, actor=stage.secretary)
    give_opinion(
        point_id=point.pk,
        reasons=f"Le service {WORD} attend une preuve.",
        reservations=[
            NewReservation(
                text=f"Publier la politique {WORD}.",
                is_suspensive=True,
                criterion=CRITERION,
                expected=f"La politique {WORD}.",
                due_on=in_days(30),
            )
        ],
        actor=stage.secretary,
    )


def write_and_sign(stage: Stage) -> None:
    """Minutes with a text on the point, signed; an erratum about it."""
    from referencing.commission.services.agenda import postpone_point

    for other in stage.session.points.pending():
        postpone_point(point_id=other.pk, reason="Faute de temps.", actor=stage.secretary, at=timezone.now())
    close_session(session_id=stage.session.pk, actor=stage.secretary, at=timezone.now())
    begin_minutes(session_id=stage.session.pk, actor=stage.secretary)
    texts = {"opening": "La séance s’ouvre.", "points": {str(stage.point.pk): f"Débat sur {WORD}."}}
    minutes = write_minutes(session_id=stage.session.pk, texts=texts, base_version=1, actor=stage.secretary)
    chair = stage.members["dns"]
    sign_minutes(session_id=stage.session.pk, base_version=minutes.version, actor=chair)
    add_erratum(session_id=stage.session.pk, text=f"Lire {WORD}.", point_id=stage.point.pk, actor=chair)


def lift(stage: Stage) -> None:
    """The reservation answered, commented, overdue, lifted; the file transmitted."""
    reservation = Reservation.objects.get(candidature=stage.file)
    answer_reservation(reservation_id=reservation.pk, text=f"Voici {WORD}.", actor=stage.editor)
    comment_reservation(reservation_id=reservation.pk, text=f"Vu {WORD}.", actor=stage.verifier)
    remind_reservations(at=timezone.now() + timedelta(days=31))
    lift_reservation(reservation_id=reservation.pk, note=f"Levée {WORD}.", actor=stage.verifier)
    transmit_file(candidature_id=stage.file.pk, actor=stage.secretary)


def decide_and_publish(stage: Stage) -> None:
    decide(stage)
    enter_the_catalogue(stage)


def decide(stage: Stage) -> None:
    """The decision read by the editor, the convention countersigned."""
    decision = draft_decision(
        kind="listing",
        enrolment_id=stage.file.enrolment_id,
        candidature_id=stage.file.pk,
        reasons=f"{WORD} remplit les conditions.",
        actor=stage.ministry,
    )
    sign_decision(
        decision_id=decision.pk, signatory=make_signatory(), signed_on=timezone.localdate(), actor=stage.ministry
    )
    open_decision(decision_id=decision.pk, actor=stage.editor)
    countersign(stage.file)


def enter_the_catalogue(stage: Stage) -> None:
    make_sheet(stage.file.enrolment, public_name=f"{WORD} Carnet")
    publish(candidature_id=stage.file.pk, actor=stage.verifier)


def live(stage: Stage) -> None:
    """Listed: a version, an audit, a procedure of the ministry."""
    listing = stage.file.enrolment.listings.get()
    declare_version(
        listing_id=listing.pk,
        version="2.0",
        released_on=timezone.localdate(),
        summary=f"{WORD} change d’hébergeur.",
        changes=["hosting"],
        actor=stage.editor,
    )
    open_audit(listing_id=listing.pk, motive=f"Contrôle de {WORD}.", actor=make_agent(Role.AUDITOR))
    open_procedure(
        listing_id=listing.pk,
        kind="formal_notice",
        condition=Condition.CRITERIA,
        facts=f"{WORD} ne chiffre plus.",
        actor=stage.ministry,
    )


STEPS: list[Callable[[Stage], None]] = [
    add_and_remind,
    lack_of_quorum,
    deliberate,
    write_and_sign,
    lift,
    decide_and_publish,
    live,
]


def sent_to(person: User, mails: list[Any]) -> Iterator[str]:
    for message in mails:
        if person.email not in [*message.to, *message.cc, *message.bcc]:
            continue
        parts = [message.subject, message.body, *(content for content, _ in getattr(message, "alternatives", []))]
        for part in message.attachments:
            name, content, kind = part
            raw = content if isinstance(content, bytes) else content.encode()
            parts += [name or "", words_of(raw, kind or "")]
        yield " ".join(parts).casefold()


#: Who declares the link, by seat, and the other roles that this person holds.
PEOPLE = {
    "member": ("siege-4", ()),
    "co-president of the ministry": ("cnam", (Role.MINISTRY, Role.CNAM, Role.AUDITOR)),
    "member of the listing team": ("siege-4", (Role.LISTING_TEAM, Role.TESTS)),
}


@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_betrays_the_file_to_whoever_declared_a_link(who, django_capture_on_commit_callbacks):
    seat, roles = PEOPLE[who]
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()
    person = stage.members[seat]
    for role in roles:
        RoleAssignment.objects.create(user=person, role=role)
    with django_capture_on_commit_callbacks(execute=True):
        convene(stage)
    with django_capture_on_commit_callbacks(execute=True):
        declare_a_link(stage, person)
        free_the_others(stage, person)
    before, told = len(mail.outbox), set(Notification.objects.filter(recipient=person).values_list("pk", flat=True))
    convocations = [
        reverse("commission:convocation_download", args=[each.pk]) for each in stage.session.convocations.all()
    ]
    found: list[str] = []
    for step in STEPS:
        with django_capture_on_commit_callbacks(execute=True):
            step(stage)
        reader = Reader(User.objects.get(pk=person.pk), stage.marks)
        seen, betrayed = reader.crawl("/")
        session_page = reverse("commission:session_detail", args=[stage.session.pk])
        assert session_page in seen
        assert "déport" in reader.ask(session_page)[2]
        found += [f"{step.__name__}: {line}" for line in betrayed if not any(each in line for each in convocations)]
        later = Notification.objects.filter(recipient=person).exclude(pk__in=told)
        for notification in later:
            words = " ".join(str(value) for value in vars(notification).values()).casefold()
            if what := reader.betrayed(words):
                found.append(f"{step.__name__}: notification « {notification.kind} »: {what}")
        for words in sent_to(person, mail.outbox[before:]):
            if what := reader.betrayed(words):
                found.append(f"{step.__name__}: mail « {words[:80]} »: {what}")
    asked = sorted(set(addresses(stage)))
    for address in asked:
        for method in ("GET", "POST"):
            status, _, words = reader.ask(address, method)
            # the address itself bears a key: only what the page adds to it counts
            what = reader.betrayed(words, but=tuple(stage.marks.keys() - {"name", "reference"}))
            if what == ["name"] and address.startswith(NAMES):
                continue
            if what and address not in convocations and not reader.is_public(address):
                found.append(f"{method} {address} ({status}): {what}")

    assert len(asked) > 400
    assert not found, "\n".join(found)


def test_the_crawler_finds_the_file_where_no_link_was_declared(django_capture_on_commit_callbacks):
    """Without the declaration the same crawl does find it: the test looks where there is something to see."""
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()
    with django_capture_on_commit_callbacks(execute=True):
        convene(stage)
        free_the_others(stage, make_agent(Role.SUPPORT))

    _, found = Reader(stage.members["siege-4"], stage.marks).crawl("/")

    pages = " ".join(found)
    assert reverse("commission:point_detail", args=[stage.point.pk]) in pages
    assert reverse("commission:session_detail", args=[stage.session.pk]) in pages
