"""Sessions of the commission, decisions and listed services of the demo world, by the services that people use
(fixtures/demo/sessions.yaml)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.models import User
from convergence.documents.signatures import sign_pdf
from convergence.notifications.services import silence
from convergence.pages.demo_candidatures import make_file, moment
from convergence.pages.demo_products import FIXTURES
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import Proposal
from referencing.candidature.models import Candidature
from referencing.commission.core.opinion import NewReservation
from referencing.commission.core.quorum import list_voices
from referencing.commission.enums import Mode, OpinionKind
from referencing.commission.models import AgendaPoint, CommissionSession, Term
from referencing.commission.selectors.room import load_seats
from referencing.commission.services.agenda import add_files
from referencing.commission.services.linking import declare_links
from referencing.commission.services.minutes import begin_minutes, sign_minutes
from referencing.commission.services.opinions import give_opinion
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.sessions import Arrival, close_session, convoke, open_session, plan_session
from referencing.commission.services.transmit import transmit_file
from referencing.commission.services.voting import close_vote, open_vote, record_voices
from referencing.convention.core import EDITOR
from referencing.convention.drafting import signature_box
from referencing.convention.models import Convention, SigningLink
from referencing.convention.services.handing import lock_link, read_document
from referencing.convention.services.signing import keep_signed
from referencing.decision.core.act import Signatory
from referencing.decision.enums import DecisionKind
from referencing.decision.models import Decision
from referencing.decision.services.countersigning import countersign_conventions, prepare_annex
from referencing.decision.services.drafting import draft_session
from referencing.decision.services.notifying import open_decision
from referencing.decision.services.signing import sign_decisions
from referencing.listing.enums import Condition
from referencing.listing.models import Listing
from referencing.listing.services.audits import open_audit
from referencing.listing.services.describing import deposit_logo, save_sheet, submit_sheet
from referencing.listing.services.publishing import accept_sheet, publish
from referencing.listing.services.renewal import open_renewals
from referencing.listing.services.sanctions import draft_measure, open_procedure

WORLD = FIXTURES / "demo" / "sessions.yaml"
PLACE = "Salle Laennec, 14 avenue Duquesne, Paris"
SECRETARY, MINISTRY, CNAM, AUDITOR, VERIFIER = (
    "secretariat@commission.example",
    "ministere@sante.example",
    "signataire@cnam.example",
    "auditeur@ans.example",
    "verificateur@gie.example",
)
#: Days from an application to its session: the instruction is concluded in between.
INSTRUCTION_DAYS = 60
COLOURS = ("#000091", "#6a6af4", "#00a95f", "#c9191e", "#a558a0", "#417dc4", "#716043", "#d64d00")
REASONS = {
    OpinionKind.FAVOURABLE: "Le service répond aux critères et son utilité pour les usagers est établie.",
    OpinionKind.WITH_RESERVATIONS: "Le service répond aux critères ; son accessibilité doit encore progresser.",
    OpinionKind.WITH_SUSPENSIVE: "Le service est utile, mais l’information des usagers doit être complétée d’abord.",
    OpinionKind.UNFAVOURABLE: "L’utilité du service pour les usagers n’est pas établie par le dossier.",
}
LONG_TEXT = (
    "Conçu avec des professionnels de santé et des usagers, ce service se prend en main en quelques minutes. Vos données restent "
    "les vôtres : vous choisissez ce que vous partagez, avec qui et pour combien de temps. Une aide par téléphone et par courriel "
    "répond à vos questions du lundi au samedi."
)


def create_demo_sessions() -> None:
    """Hold the sessions of the file, once; running it again changes nothing. Nobody is told of them."""
    refuse_outside_demo()
    if CommissionSession.objects.exists():
        return
    world = yaml.safe_load(WORLD.read_text(encoding="utf-8"))
    with silence(), transaction.atomic():
        for said in world["sessions"]:
            _Session(said).tell()
        _audit_one()
        open_renewals(at=timezone.now())


def _person(email: str) -> User:
    return User.objects.get(email=email)


@dataclass
class _Session:
    """One session, from the files that wait for it to what the minister made of its opinions."""

    said: Mapping[str, Any]

    def tell(self) -> None:
        self.now = timezone.now()
        day = timezone.localdate(self.now) - timedelta(days=self.said["days_ago"])
        self.held_at = timezone.make_aware(datetime.combine(day, time(14, 0)))
        self.files = {
            said["name"]: make_file(
                {**said, "days": max(self.said["days_ago"], 0) + INSTRUCTION_DAYS, "proposal": self._proposal(said)},
                state="ready_commission",
                rank=rank,
            )
            for rank, said in enumerate(self.said["files"])
        }
        self._convoke()
        if self.held_at < self.now:
            self._hold()
            self._follow()

    @staticmethod
    def _proposal(said: Mapping[str, Any]) -> str:
        return Proposal.UNFAVOURABLE if said.get("vote") == OpinionKind.UNFAVOURABLE else Proposal.FAVOURABLE

    def _at(self, days: float) -> Any:
        """So many days after the session, at most now."""
        return moment(min(self.held_at + timedelta(days=days), self.now))

    def _convoke(self) -> None:
        secretary = _person(SECRETARY)
        with self._at(-14):
            self.session = plan_session(
                held_at=self.held_at, place=PLACE, remote_url="", actor=secretary, at=timezone.now()
            )
            add_files(
                session_id=self.session.pk,
                candidature_ids=[file.pk for file in self.files.values()],
                actor=secretary,
                at=timezone.now(),
            )
        with self._at(-10):
            convoke(session_id=self.session.pk, urgency_reason="", actor=secretary, at=timezone.now())

    def _hold(self) -> None:
        secretary, chair = _person(SECRETARY), _person(self.said["chair"])
        terms = list(Term.objects.covering(self.held_at.date()).select_related("person", "seat").order_by("seat"))
        for rank, term in enumerate(terms):
            points = AgendaPoint.objects.known_by_name_to(term.person).filter(session=self.session)
            free = list(points.in_order().values_list("pk", flat=True))
            # the last member has worked for the last editor of the agenda
            conflicts = {free.pop(): "J’ai conseillé cet éditeur l’an dernier."} if rank == len(terms) - 1 else {}
            with self._at(-6):
                declare_links(
                    session_id=self.session.pk, conflicts=conflicts, free=free, actor=term.person, at=timezone.now()
                )
        present = [term for rank, term in enumerate(terms) if rank != len(terms) - 2]
        with self._at(0):
            open_session(
                session_id=self.session.pk,
                chair_id=chair.pk,
                arrivals=[
                    Arrival(term.seat.code, term.person_id, Mode.REMOTE if rank == 3 else Mode.IN_PERSON)
                    for rank, term in enumerate(present)
                ],
                actor=secretary,
                at=timezone.now(),
            )
        for rank, point in enumerate(self.session.points.in_order(), start=1):
            with self._at(rank / 48):
                self._deliberate(point, secretary)
        with self._at(0.2):
            close_session(session_id=self.session.pk, actor=secretary, at=timezone.now())
        with self._at(3):
            minutes = begin_minutes(session_id=self.session.pk, actor=secretary)
            sign_minutes(session_id=self.session.pk, base_version=minutes.version, actor=chair)

    def _deliberate(self, point: AgendaPoint, secretary: User) -> None:
        said = self._said_of(point.candidature)
        start_examination(point_id=point.pk, actor=secretary)
        start_deliberation(point_id=point.pk, has_rapporteur_left=True, actor=secretary)
        vote = open_vote(point_id=point.pk, is_secret=False, actor=secretary)
        point.refresh_from_db()
        seats = list(list_voices(load_seats(point, at=timezone.now())))
        choices = {seat: said["vote"] if rank else "abstention" for rank, seat in enumerate(reversed(seats))}
        record_voices(vote_id=vote.pk, choices=choices, actor=secretary)
        close_vote(vote_id=vote.pk, actor=secretary)
        give_opinion(
            point_id=point.pk,
            reasons=REASONS[said["vote"]],
            reservations=self._reservations(point, said["vote"]),
            actor=secretary,
        )

    def _said_of(self, candidature: Candidature) -> Mapping[str, Any]:
        name = next(name for name, file in self.files.items() if file.pk == candidature.pk)
        return next(each for each in self.said["files"] if each["name"] == name)

    def _reservations(self, point: AgendaPoint, vote: str) -> Sequence[NewReservation]:
        if vote not in (OpinionKind.WITH_RESERVATIONS, OpinionKind.WITH_SUSPENSIVE):
            return []
        criterion = next(each.code for each in load_criteria(point.candidature) if each.theme == "ethique")
        return [
            NewReservation(
                text="Complétez l’information donnée aux usagers sur les destinataires de leurs données.",
                is_suspensive=vote == OpinionKind.WITH_SUSPENSIVE,
                criterion=criterion,
                expected="La page d’information publiée, ou sa maquette",
                due_on=timezone.localdate() + timedelta(days=60),
            )
        ]

    def _follow(self) -> None:
        """Transmitted, decided, notified, countersigned, published: each file as far as it went."""
        waiting = ("refused", "minister", "approved", "listed", "suspended")
        with self._at(4):
            for said in self.said["files"]:
                if said["then"] in waiting:
                    transmit_file(candidature_id=self.files[said["name"]].pk, actor=_person(SECRETARY))
        decided = [
            self.files[said["name"]]
            for said in self.said["files"]
            if said["then"] in waiting and said["then"] != "minister"
        ]
        self._decide(decided)
        for said in self.said["files"]:
            if said["then"] in ("listed", "suspended"):
                self._publish(said)

    def _decide(self, files: Sequence[Candidature]) -> None:
        ministry = _person(MINISTRY)
        with self._at(9):
            drafts, _ = draft_session(session_id=self.session.pk, actor=ministry)
            chosen = [each.pk for each in drafts if each.candidature_id in {file.pk for file in files}]
            if not chosen:
                return
            today = timezone.localdate()
            sign_decisions(
                decision_ids=chosen,
                signatory=_signatory(ministry, "Cheffe du bureau du référencement", today),
                signed_on=today,
                actor=ministry,
            )
        with self._at(11):
            for decision in Decision.objects.filter(pk__in=chosen).select_related("candidature__applied_by"):
                open_decision(decision_id=decision.pk, actor=decision.candidature.applied_by)

    def _publish(self, said: Mapping[str, Any]) -> None:
        file = self.files[said["name"]]
        manager, verifier = file.applied_by, _person(VERIFIER)
        with self._at(12):
            today = timezone.localdate()
            convention = Convention.objects.current().get(enrolment=file.enrolment_id)
            if file.has_exchange:
                _sign_annex(convention)
            for email, quality in ((MINISTRY, "Cheffe du bureau du référencement"), (CNAM, "Directeur du numérique")):
                person = _person(email)
                countersign_conventions(
                    convention_ids=[convention.pk],
                    signatory=_signatory(person, quality, today),
                    signed_on=today,
                    actor=person,
                )
            save_sheet(enrolment_id=file.enrolment_id, values=_sheet(said), actor=manager)
            deposit_logo(enrolment_id=file.enrolment_id, upload=_logo(said["name"]), actor=manager)
            submit_sheet(enrolment_id=file.enrolment_id, actor=manager)
        with self._at(14):
            accept_sheet(enrolment_id=file.enrolment_id, actor=verifier)
            listing = publish(candidature_id=file.pk, actor=verifier, at=timezone.now())
        if said["then"] == "suspended":
            self._suspend(listing)

    def _suspend(self, listing: Listing) -> None:
        ministry = _person(MINISTRY)
        with self._at(80):
            today = timezone.localdate()
            procedure = open_procedure(
                listing_id=listing.pk,
                kind=DecisionKind.SUSPENSION,
                condition=Condition.CRITERIA,
                facts="Une faille permet à un tiers de lire les comptes rendus des usagers.",
                urgency="La faille est exploitée depuis hier.",
                actor=ministry,
                at=timezone.now(),
            )
            decision = draft_measure(
                procedure_id=procedure.pk,
                reasons="La confidentialité des données des usagers n’est plus assurée.",
                actor=ministry,
                at=timezone.now(),
            )
            sign_decisions(
                decision_ids=[decision.pk],
                signatory=_signatory(ministry, "Cheffe du bureau du référencement", today),
                signed_on=today,
                actor=ministry,
            )


def _sign_annex(convention: Convention) -> None:
    """What the legal representative does with the link and the code of two mails, which the demo world does not send."""
    annex = prepare_annex(convention_id=convention.pk, actor=_person(MINISTRY))
    link = lock_link(SigningLink.objects.unfinished().get(annex=annex).pk)
    original = read_document(link.signable)
    signed = sign_pdf(
        original,
        signer_name=link.signable.signer_name,
        signer_email=link.email,
        reason="Signature de l’annexe de démonstration",
        location="France",
        field_name=EDITOR,
        at=timezone.now(),
        box=signature_box(EDITOR),
    )
    keep_signed(link, original=original, signed=signed, at=timezone.now())


def _audit_one() -> None:
    """An auditor has chosen a listed service and prepares the announcement."""
    listing = Listing.objects.published(on=timezone.localdate()).order_by("published_on", "pk").first()
    if listing is not None:
        open_audit(
            listing_id=listing.pk,
            motive="Vérification de l’hébergement annoncé dans le dossier.",
            actor=_person(AUDITOR),
            at=timezone.now(),
        )


def _signatory(person: User, quality: str, today: date) -> Signatory:
    return Signatory(
        name=person.get_full_name(),
        quality=quality,
        email=person.email,
        delegation="Décision de démonstration n° 1",
        delegation_from=today - timedelta(days=30),
        delegation_until=today + timedelta(days=335),
    )


def _sheet(said: Mapping[str, Any]) -> dict[str, Any]:
    slug = "".join(letter for letter in said["name"].lower() if letter.isascii() and letter.isalnum())
    address = f"https://{slug}.example/"
    return {
        "public_name": said["name"],
        "short_text": said["text"],
        "long_text": f"{said['text']}\n\n{LONG_TEXT}",
        "categories": [said["category"]],
        "price": said["price"],
        "price_note": "Conseils personnalisés : 4 € par mois." if said["price"] == "mixte" else "",
        "platforms": said["platforms"],
        "web_url": address if "web" in said["platforms"] else "",
        "android_url": f"https://android.example/{slug}" if "android" in said["platforms"] else "",
        "ios_url": f"https://ios.example/{slug}" if "ios" in said["platforms"] else "",
        "accessibility": "partial",
        "accessibility_url": f"{address}accessibilite",
        "support_email": f"aide@{slug}.example",
        "support_url": "",
    }


def _logo(name: str) -> SimpleUploadedFile:
    """The first letter of the service on a colour of its own."""
    image = Image.new("RGB", (320, 320), COLOURS[sum(map(ord, name)) % len(COLOURS)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 60, 260, 260), fill="#ffffff")
    content = io.BytesIO()
    image.save(content, format="PNG")
    return SimpleUploadedFile("logo.png", content.getvalue(), content_type="image/png")
