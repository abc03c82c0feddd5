"""What a producer answers reaches no distributor, wherever they look: BR-197, A-24, A-25, crawled.

Words are planted in the producer’s answers, comments, names and contents of files, and in what experts write about them; every
address of the URLconf, export, job, mail and notification is then read as each person of a distributor: while the file is
examined, then before the commission, decided, listed, suspended and renewed, and in the catalogue by anybody without an account too.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urldefrag
from uuid import UUID

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone

from convergence.accounts.enums import MembershipType, Role
from convergence.accounts.models import User
from convergence.jobs.models import Job
from convergence.jobs.registry import handler_for
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.notifications.models import Notification
from convergence.statistics.services import refresh_statistics
from evidence.services import scan
from referencing.candidature.content import load_criteria
from referencing.candidature.core.criteria import content_hash
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import Candidature, ProducerQuestion, Verdict
from referencing.candidature.services.applying import apply
from referencing.candidature.services.conclusion import conclude
from referencing.candidature.services.recovered import (
    add_producer_file,
    ask_producer,
    lift_question,
    save_answer,
    send_answer,
)
from referencing.commission.services.agenda import add_files
from referencing.commission.services.sessions import plan_session
from referencing.decision.models import Decision
from referencing.decision.services import lodge_appeal, open_decision, sign_decision
from referencing.dossier.models import Addendum, Dossier, RecoveredValue
from referencing.dossier.recovered import read_value
from referencing.dossier.services import generate_dossier
from referencing.enrolment.enums import Cycle
from referencing.enrolment.models import Enrolment
from referencing.listing.enums import Condition
from referencing.listing.models import CatalogueEntry, Listing
from referencing.listing.services.renewal import start_renewal
from referencing.listing.services.sanctions import draft_measure, draft_relief, open_procedure
from tests.access.asking import NOTHING_TYPED
from tests.candidature.factories import conclude_themes, make_candidature
from tests.commission.factories import make_commission
from tests.commission.test_conflict_is_tight import (
    LABELS,
    Reader,
    convene,
    decide,
    enter_the_catalogue,
    examine,
    free_the_others,
    lift,
    live,
    patterns,
    sent_to,
    vote_with_reservation,
    words_of,
    write_and_sign,
)
from tests.commission.test_conflict_is_tight import Stage as Sitting
from tests.decision.factories import SETTINGS, make_signatory
from tests.dossier.factories import answer_rgpd
from tests.dossier.white_label import Solution, answer_own, make_distributor, make_solution
from tests.factories import make_agent, make_member
from tests.questionnaires.factories import pdf

pytestmark = [pytest.mark.django_db, pytest.mark.rule("BR-197", "A-24", "A-25")]

LEVELS, PROOF = "A06.1.2", "DEV.1.2"
#: Planted words, by what they are planted in.
WORDS = {
    "comment": "zelacommentaire",
    "file name": "zelafichier",
    "file content": "zelacontenu",
    "question of an expert": "zelaquestion",
    "answer to the question": "zelareponse",
    "added file name": "zelaajout",
    "added file content": "zelasupplement",
    "reason of a verdict": "zelamotif",
    "note on a verdict": "zelanote",
}
#: A measure of the producer, as it is kept and as it is shown.
NUMBER = "61.803398"


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


@dataclass
class Stage:
    solution: Solution
    candidature: Candidature
    verifier: User
    people: dict[str, User]
    marks: dict[str, str]
    neighbour: Enrolment
    """Of another distributor of the same solution."""


def make_stage() -> Stage:
    """A pre-listed solution; a distributor whose file is examined; one question answered by the producer, one open."""
    upload = pdf(f"{WORDS['file name']}-declaration.pdf", text=WORDS["file content"])
    solution = make_solution(comment=WORDS["comment"], upload=upload, number=NUMBER)
    enrolment, manager = make_distributor(solution)
    answer_own(enrolment)
    organisation = enrolment.product.organisation
    verifier = make_agent(Role.LISTING_TEAM)
    dossier = generate_dossier(enrolment_id=enrolment.pk, actor=manager)
    candidature, _ = make_candidature(made=(dossier, manager), referent=verifier)
    neighbour, other = make_distributor(solution)
    stage = Stage(
        solution=solution,
        candidature=candidature,
        verifier=verifier,
        people={
            "mandataire": manager,
            "contributeur": make_member(organisation, MembershipType.SALARIE),
            "valideur": make_member(organisation, MembershipType.SALARIE, is_validator=True),
            "another distributor": other,
        },
        marks={},
        neighbour=neighbour,
    )
    added = question(stage)
    judge(stage)
    stage.marks = make_marks(stage, added)
    return stage


def question(stage: Stage) -> str:
    """The producer is asked twice and answers once; returns the hash of the file that it adds."""
    source = stage.solution.pre_listing.pk
    common: dict[str, Any] = {
        "candidature_id": stage.candidature.pk,
        "due_on": timezone.localdate() + timedelta(days=10),
        "actor": stage.verifier,
    }
    text = f"Expliquez {WORDS['question of an expert']}."
    (asked,) = ask_producer(kind="complement", criterion=PROOF, severity="", text=text, **common)
    ask_producer(kind="non_conformity", criterion=LEVELS, severity="major", text=text, **common)
    here: dict[str, Any] = {"pre_listing_id": source, "criterion": PROOF, "actor": stage.solution.manager}
    file = add_producer_file(
        upload=pdf(f"{WORDS['added file name']}.pdf", text=WORDS["added file content"]),
        evidence_type="declaration",
        **here,
    )
    scan(blob_id=file.file.blob_id)
    buffer = file.answer
    reply = WORDS["answer to the question"]
    save_answer(answer=None, comment=f"Voici {reply}.", base_version=buffer.version, **here)
    send_answer(question_ids=[asked.pk], **here)
    return str(file.file.blob.sha256)


def judge(stage: Stage) -> None:
    for each in load_criteria(stage.candidature, opened=True):
        if each.code in (LEVELS, PROOF):
            Verdict.objects.create(
                candidature=stage.candidature,
                theme=each.theme,
                criterion=each.code,
                outcome="compliant",
                text=f"Conforme, {WORDS['reason of a verdict']}.",
                note=f"À surveiller, {WORDS['note on a verdict']}.",
                content_sha256=each.content_sha256,
                by=stage.verifier,
                at=timezone.now(),
            )


# -- what would betray an answer


def make_marks(stage: Stage, added: str) -> dict[str, str]:
    marks = {
        **WORDS,
        "measure as kept": NUMBER,
        "measure as shown": NUMBER.replace(".", ","),
        "deposit": str(stage.solution.deposit.pk),
        "hash of the file": stage.solution.deposit.file.blob.sha256,
        "hash of the added file": added,
        "hash of the producer’s dossier": stage.solution.dossier.sha256,
    }
    marks |= {f"guess {number}": digest for number, digest in enumerate(sorted(guesses(stage.candidature)))}
    return marks


def guesses(candidature: Candidature) -> set[str]:
    """Hashes that somebody would compute to find out which of the few answers was given: of every canonical form of the
    levels, of the whole verifier’s part and of what an expert judges with each of them (A-24)."""
    found = set()
    answers: dict[str, list[dict[str, str]]] = {
        "level": [{"level": level} for level in ("na", "0", "1", "2", "3")],
        "compliance": [{"compliance": said} for said in ("conforme", "non_conforme")],
    }
    opened = {each.code: each for each in load_criteria(candidature, opened=True)}
    for value in RecoveredValue.objects.filter(dossier=candidature.dossier_id):
        code, content = value.criterion, read_value(value)
        found.add(sha256_hex(bytes(value.content)))
        (kind,) = answers.keys() & content["answer"]
        for answer in answers[kind]:
            (said,) = answer.values()
            forms: list[Any] = [
                said,
                answer,
                {"answer": answer},
                {"criterion": code, "answer": answer},
                {"code": code, "answer": answer},
                {"criterion": code, **answer},
                {"code": code, "value": answer},
                {"value": answer, "comment": "", "evidence": []},
                {**content, "answer": answer},
            ]
            texts = [*(canonical_json(form) for form in forms), said.encode(), f"{code}{said}".encode()]
            found |= {hashlib.sha256(text).hexdigest() for text in texts}
            found |= {hmac.new(code.encode(), text, hashlib.sha256).hexdigest() for text in texts}
            found.add(content_hash(replace(opened[code], answer=answer)))
    return found


def says(content: bytes, kind: str) -> str:
    """`words_of`, of an encrypted container too: what anybody sees of it, the names of its files."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            clear = [each.filename for each in archive.infolist() if not each.flag_bits & 1]
            texts = [archive.read(name).decode(errors="replace") for name in clear]
            return " ".join([*archive.namelist(), *texts]).casefold()
    return words_of(content, kind)


class Spy:
    """One person at the platform, or anybody without an account: what each address answers, and what in it betrays an
    answer. Nothing of it is public."""

    def __init__(self, person: User | None, marks: dict[str, str]) -> None:
        self.marks, self.client = marks, Client()
        if person is not None:
            self.client.force_login(User.objects.get(pk=person.pk))

    def ask(self, address: str, method: str = "GET") -> tuple[int, str, list[str]]:
        """Status, words in lower case, and where the answer leads; whatever it wrote is undone."""
        cache.clear()
        with transaction.atomic():
            body = NOTHING_TYPED if method == "POST" else b""
            response = self.client.generic(method, address, body, "application/x-www-form-urlencoded")
            content = response.getvalue()
            transaction.set_rollback(True)
        kind = response.headers.get("Content-Type", "")
        location = response.headers.get("Location", "")
        links = list(Reader.links(address, content.decode(errors="replace"))) if "html" in kind else []
        headers = f"{response.headers.get('Content-Disposition', '')} {location}".casefold()
        return response.status_code, f"{says(content, kind)} {headers}", [*links, *filter(None, [location])]

    def betrayed(self, words: str) -> list[str]:
        return [what for what, mark in self.marks.items() if mark in words]

    def crawl(self, *starts: str) -> tuple[set[str], list[str]]:
        """Every page that links lead to, and one line for each that says something of an answer."""
        waiting, seen, found = list(starts), set(), []
        while waiting:
            address = urldefrag(waiting.pop())[0]
            if address in seen or not address.startswith("/"):
                continue
            seen.add(address)
            status, words, links = self.ask(address)
            if what := self.betrayed(words):
                found.append(f"{address} ({status}): {what}")
            waiting += [link for link in links if link not in seen]
        return seen, found


# -- where to look


def rows_around(*starts: models.Model) -> dict[str, list[models.Model]]:
    """By app, the rows that hang on an enrolment: one of each kind."""
    known: dict[tuple[str, Any], models.Model] = {}
    waiting = list(starts)
    stops = {"accounts.user", "products.demarche", "questionnaires.definitionversion"}
    while waiting:
        row = waiting.pop()
        key = (row._meta.label_lower, row.pk)
        if key in known or row._meta.label_lower in stops:
            continue
        known[key] = row
        for relation in row._meta.related_objects:
            if relation.related_model._meta.app_label in {*LABELS, "teamwork", "questionnaires"}:
                waiting += relation.related_model._base_manager.filter(**{relation.field.name: row})[:3]
    by_app: dict[str, list[models.Model]] = {}
    for row in {row._meta.label_lower: row for row in known.values()}.values():  # one of each kind asks every address
        by_app.setdefault(row._meta.app_label, []).append(row)
    return by_app


#: Whose addresses also bear the keys of enrolments, files, dossiers and pre-listings.
SHARED = ("pages", "enrolment", "dossier", "candidature", "teamwork")


def addresses(stage: Stage, *starts: models.Model, apps: tuple[str, ...] = ()) -> Iterator[str]:
    """Every address of the URLconf, or of these apps, with the keys of the distributor’s rows, of the producer’s and of
    what hangs on `starts`."""
    own, theirs = stage.candidature.enrolment, stage.solution.enrolment
    by_app = rows_around(own, own.product, own.product.organisation, own.response, *starts)
    foreign = rows_around(theirs, theirs.product, theirs.product.organisation, theirs.response, stage.solution.dossier)
    entries = CatalogueEntry.objects.filter(enrolment=own)
    shared = [own, own.product, stage.candidature, stage.candidature.dossier, theirs, stage.solution.pre_listing]
    fixed = {
        "code": ["ethique", "interoperabilite"],
        "criterion": [PROOF, LEVELS],
        "evidence_type": ["declaration"],
        "form": ["pdf", "xlsx"],
        "sha256": [stage.solution.deposit.file.blob.sha256],
        "deposit": [stage.solution.deposit.pk],
        "pre_listing": [stage.solution.pre_listing.pk],
        "organisation_id": [own.product.organisation_id],
        "product": [own.product_id],
        "theme": ["ethique"],
        "page": [1],
        "number": [*(entry.number for entry in entries), 1, 2],
        "slug": [*(entry.slug for entry in entries), "mon-espace-sante", "referencement-guide"],
        "act": ["lift"],
        "kind": ["acknowledgement"],
    }
    for namespace, pattern, converters in patterns(get_resolver(), ""):
        app = namespace.split(":")[0]
        if app == "ui" or (apps and app not in apps):
            continue
        name = f"{namespace}{pattern.name}"
        if not converters:
            try:
                plain = reverse(name)
            except NoReverseMatch:  # regular expressions of the login library, whose keys are in its mails
                continue
            yield from (plain, f"{plain}?q=zela&recherche=zela&produit=zela")
            continue
        around = [*by_app.get(app, ()), *foreign.get(app, ())]
        rows = around + shared if app in SHARED else around or shared
        keys = {row.pk for row in rows}
        pools: dict[str, list[Any]] = {
            "UUIDConverter": [key for key in keys if isinstance(key, UUID)],
            "IntConverter": [key for key in keys if isinstance(key, int)][:12] or [1],
        }
        first, *others = sorted(converters, key=lambda each: each != "pk")
        rest = {each: fixed.get(each) or pools.get(type(converters[each]).__name__) or ["x"] for each in others}
        for key in fixed.get(first) or pools.get(type(converters[first]).__name__) or []:
            longest = max((len(values) for values in rest.values()), default=1)
            for rank in range(min(longest, 3)):
                arguments = {first: key, **{each: values[rank % len(values)] for each, values in rest.items()}}
                yield reverse(name, kwargs=arguments)


def job_outputs(stage: Stage, person: User) -> Iterator[tuple[str, str]]:
    """What the jobs that a member may ask for hand over."""
    dossier = stage.candidature.dossier
    wanted: list[tuple[str, dict[str, str]]] = [
        (kind, {"dossier": str(each.pk)})
        for kind in ("dossier.pdf", "dossier.xlsx")
        for each in Dossier.objects.visible_to(person).filter(enrolment=dossier.enrolment_id)
    ]
    wanted += [("dossier.addendum", {"addendum": str(each.pk)}) for each in Addendum.objects.filter(dossier=dossier)]
    for kind, payload in wanted:
        output = handler_for(kind)(Job(payload=payload, requester=person), lambda *_: None)
        if output is not None:
            yield f"{kind} {payload}", f"{output.name} {says(output.content, output.content_type)}".casefold()


def told(person: User) -> Iterator[tuple[str, str]]:
    for each in Notification.objects.filter(recipient=person):
        yield f"notification « {each.kind} »", " ".join(str(value) for value in vars(each).values()).casefold()
    for words in sent_to(person, mail.outbox):
        yield f"mail « {words[:60]} »", words


def look(stage: Stage, person: User) -> tuple[set[str], list[str]]:
    """Everything that links, messages and jobs show to one person."""
    seen, found = Spy(person, stage.marks).crawl("/", reverse("candidature:producer_question_list"))
    return seen, [*found, *hear(stage, person)]


def hear(stage: Stage, person: User) -> list[str]:
    """What betrays an answer in the messages to one person, and in what their jobs hand over."""
    reader = Spy(person, stage.marks)
    return [
        f"{what}: {betrayed}"
        for what, words in [*told(person), *job_outputs(stage, person)]
        if (betrayed := reader.betrayed(words))
    ]


def ask_everything(
    stage: Stage, person: User | None, asked: list[str], methods: tuple[str, ...] = ("GET", "POST")
) -> tuple[list[str], list[str]]:
    """The addresses that this person may open, and what betrays an answer in what they say, refusals included.

    The address itself bears keys of the producer: what is in it is left out of what the page adds.
    """
    reader = Spy(person, stage.marks)
    opened, found = [], []
    for address in asked:
        for method in methods:
            status, words, _ = reader.ask(address, method)
            if what := reader.betrayed(words.replace(address, "")):
                found.append(f"{method} {address} ({status}): {what}")
            if status == 404:  # of no use with another method
                break
            if method == methods[0]:
                opened.append(address)
    return opened, found


def test_nothing_that_a_distributor_is_led_to_says_anything_of_its_producer(django_capture_on_commit_callbacks):
    """Pages that links lead to, mails, notifications and what jobs hand over, while the file is examined and afterwards."""
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()
    found: list[str] = []
    for who, person in stage.people.items():
        seen, betrayed = look(stage, person)
        found += [f"{who}: {line}" for line in betrayed]
        if who != "another distributor":
            assert reverse("candidature:dossier_detail", args=[stage.candidature.dossier_id]) in seen
    with django_capture_on_commit_callbacks(execute=True):
        conclude_themes(stage.candidature, stage.verifier)
        lift_open_question(stage)
        conclude(
            candidature_id=stage.candidature.pk,
            proposal="favourable",
            text="Le service convient.",
            actor=stage.verifier,
        )
    stage.candidature.refresh_from_db()
    _, betrayed = look(stage, stage.people["mandataire"])
    found += [f"concluded, mandataire: {line}" for line in betrayed]

    assert not found, "\n".join(found)


def test_no_address_tells_a_distributor_anything_of_its_producer(django_capture_on_commit_callbacks):
    """Every address, with keys of both sides, asked and posted to; what opens for a mandataire, asked by colleagues too."""
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()
    asked = sorted(set(addresses(stage)))
    opened, betrayed = ask_everything(stage, stage.people["mandataire"], asked)
    found = [f"mandataire: {line}" for line in betrayed]
    for who in ("contributeur", "valideur"):
        found += [f"{who}: {line}" for line in ask_everything(stage, stage.people[who], opened, ("GET",))[1]]

    assert len(asked) > 500
    assert len(opened) > 100
    assert not found, "\n".join(found)


def lift_open_question(stage: Stage) -> None:
    question = ProducerQuestion.objects.get(candidature=stage.candidature, criterion=LEVELS)
    lift_question(question_id=question.pk, note="Vu.", actor=stage.verifier)


def test_the_same_crawl_finds_every_word_where_it_may_be_read(django_capture_on_commit_callbacks):
    """The producer finds its own words, a verifier those and the experts’: the crawl looks where there is something to see."""
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()

    _, of_producer = look(stage, stage.solution.manager)
    _, of_verifier = look(stage, stage.verifier)
    downloads = [
        reverse("enrolment:evidence_download", args=[stage.solution.enrolment.pk, stage.solution.deposit.pk]),
        reverse("candidature:examination", args=[stage.candidature.pk]),
    ]
    _, opened = ask_everything(stage, stage.verifier, downloads, ("GET",))

    producer, verifier = " ".join(of_producer), " ".join([*of_verifier, *opened])
    for what in ("comment", "file name", "measure as shown", "hash of the file", "question of an expert"):
        assert f"'{what}'" in producer, what
    for what in (*WORDS, "measure as shown", "hash of the file", "hash of the added file"):
        assert f"'{what}'" in verifier, what


# -- before the commission, at the ministry, in the catalogue


def go_before_the_commission(stage: Stage) -> Sitting:
    """Both distributors’ files concluded and on the agenda of one session."""
    demarche = stage.candidature.enrolment.demarche
    demarche.settings = {**demarche.settings, **SETTINGS}
    demarche.save(update_fields=["settings"])
    lift_open_question(stage)
    answer_own(stage.neighbour)
    editor = stage.people["another distributor"]
    dossier = generate_dossier(enrolment_id=stage.neighbour.pk, actor=editor)
    other, _ = make_candidature(made=(dossier, editor), referent=stage.verifier)
    for file in (stage.candidature, other):
        conclude_themes(file, stage.verifier)
        text = "Le service convient."
        conclude(candidature_id=file.pk, proposal="favourable", text=text, actor=stage.verifier)
    secretary, now = make_agent(Role.SECRETARY), timezone.now()
    session = plan_session(
        held_at=now + timedelta(days=12), place="Salle 1", remote_url="", actor=secretary, at=timezone.now()
    )
    files = [stage.candidature.pk, other.pk]
    add_files(session_id=session.pk, candidature_ids=files, actor=secretary, at=timezone.now())
    return Sitting(
        file=Candidature.objects.get(pk=stage.candidature.pk),
        other=other,
        editor=stage.people["mandataire"],
        secretary=secretary,
        verifier=stage.verifier,
        ministry=make_agent(Role.MINISTRY),
        members=make_commission(),
        session=session,
    )


def nobody_declares_a_link(sitting: Sitting) -> None:
    free_the_others(sitting, sitting.secretary)


def suspend(sitting: Sitting) -> None:
    """The ministry suspends at once; the editor contests."""
    listing = sitting.file.enrolment.listings.get()
    procedure = open_procedure(
        listing_id=listing.pk,
        kind="suspension",
        condition=Condition.CRITERIA,
        facts="Le service ne chiffre plus.",
        urgency="Des données sont exposées.",
        actor=sitting.ministry,
    )
    decision = draft_measure(procedure_id=procedure.pk, reasons="Des données sont exposées.", actor=sitting.ministry)
    sign(sitting, decision)
    open_decision(decision_id=decision.pk, actor=sitting.editor)
    lodge_appeal(decision_id=decision.pk, kind="gracious", text="Nous chiffrons.", actor=sitting.editor)


def reinstate(sitting: Sitting) -> None:
    listing = sitting.file.enrolment.listings.get()
    relief = draft_relief(listing_id=listing.pk, kind="reinstatement", reasons="Corrigé.", actor=sitting.ministry)
    sign(sitting, relief)


def renew(sitting: Sitting) -> None:
    """Near its end the service is answered again, frozen again, and is a candidate again."""
    listing = sitting.file.enrolment.listings.get()
    today = timezone.localdate()
    published_on, ends_on = today - timedelta(days=265), today + timedelta(days=100)
    Listing.objects.filter(pk=listing.pk).update(published_on=published_on, ends_on=ends_on)
    start_renewal(listing_id=listing.pk, actor=sitting.editor)
    enrolment = Enrolment.objects.get(pk=listing.enrolment_id)
    answer_own(enrolment)
    answer_rgpd(enrolment)
    dossier = generate_dossier(enrolment_id=listing.enrolment_id, actor=sitting.editor)
    assert apply(dossier_id=dossier.pk, actor=sitting.editor).cycle == Cycle.RENEWAL


def sign(sitting: Sitting, decision: Decision) -> None:
    signed_on = timezone.localdate()
    sign_decision(decision_id=decision.pk, signatory=make_signatory(), signed_on=signed_on, actor=sitting.ministry)


#: What happens to the distributor’s file, and what the phase that it leads to is called.
PHASES: dict[str, tuple[Callable[[Sitting], None], ...]] = {
    "convoked": (convene, nobody_declares_a_link),
    "open": (examine,),
    "opinion": (vote_with_reservation, write_and_sign),
    "decided": (lift, decide),
    "listed": (enter_the_catalogue, live),
    "suspended": (suspend,),
    "renewed": (reinstate, renew),
}

#: Apps whose addresses have something new to say at each phase.
ABOUT = {
    "convoked": ("commission",),
    "open": ("commission",),
    "opinion": ("commission",),
    "decided": ("decision", "convention"),
    "listed": ("listing", "statistics", "trust"),
    "suspended": ("listing", "decision"),
    "renewed": ("listing", "dossier"),
}


def listing_decision(sitting: Sitting) -> Decision:
    return Decision.objects.get(enrolment=sitting.file.enrolment, kind="listing")


def public_addresses(stage: Stage, sitting: Sitting) -> list[str]:
    """Where anybody starts: site, catalogue with its feeds, open data, and what the verification says of each act."""
    verification = reverse("trust:verification")
    decision = listing_decision(sitting)
    sealed = [decision.sha256, sitting.file.dossier.sha256, sitting.session.minutes.document.blob.sha256]
    return [
        "/",
        *(
            reverse(f"listing:{name}")
            for name in ("catalogue_list", "catalogue_feed", "sitemap", "robots", "api_service_list", "api_schema")
        ),
        reverse("statistics:statistics_detail"),
        *(reverse("statistics:statistics_export", args=[form]) for form in ("csv", "json")),
        f"{verification}?reference={decision.number}",
        *(f"{verification}?empreinte={each}" for each in sealed),
    ]


def what_is_there_to_see(stage: Stage, sitting: Sitting) -> dict[User, tuple[str, ...]]:
    """Pages where the producer, a verifier and a member of the commission do read what is planted, at every phase."""
    own, file, point = stage.solution.enrolment.pk, stage.candidature.pk, sitting.point.pk
    return {
        stage.solution.manager: (reverse("enrolment:questionnaire_form", args=[own, "ethique"]),),
        stage.verifier: tuple(reverse("candidature:criterion_review", args=[file, code]) for code in (PROOF, LEVELS)),
        sitting.members["siege-4"]: (reverse("commission:point_evidence", args=[point]),),
    }


def test_no_later_phase_tells_a_distributor_anything_of_its_producer(django_capture_on_commit_callbacks):
    """The same file before the commission (convoked, open, opinion and minutes), decided and countersigned, listed, then
    suspended with a remedy, reinstated and a candidate for its renewal.

    At each phase: what links, mails, notifications and jobs show to a mandataire and to another distributor, and every
    address of the stages that the phase is about (`ABOUT`), asked and posted to. Colleagues get their messages and
    jobs, what opens there for the mandataire and the pages that the phase added; listed, then in the last phase, they
    follow every link too. Addresses of the earlier stages are asked one by one in the test above only: all addresses at seven
    phases take minutes.

    Producer, verifier and member of the commission find the words at each of these phases: there is something to see.
    """
    with django_capture_on_commit_callbacks(execute=True):
        stage = make_stage()
    with django_capture_on_commit_callbacks(execute=True):
        sitting = go_before_the_commission(stage)
    mandataire, other = (stage.people[who] for who in ("mandataire", "another distributor"))
    colleagues = {who: stage.people[who] for who in ("contributeur", "valideur")}
    before: set[str] = set()
    asked: set[str] = set()
    found: list[str] = []
    for phase, steps in PHASES.items():
        for step in steps:
            with django_capture_on_commit_callbacks(execute=True):
                step(sitting)
        for person, pages in what_is_there_to_see(stage, sitting).items():
            _, read = ask_everything(stage, person, list(pages), ("GET",))
            assert len(read) == len(pages), (phase, person.email)

        seen, betrayed = look(stage, mandataire)
        betrayed += look(stage, other)[1]
        of_phase = sorted(set(addresses(stage, sitting.session, apps=ABOUT[phase])))
        opened, lines = ask_everything(stage, mandataire, of_phase)
        betrayed += lines + ask_everything(stage, other, opened, ("GET",))[1]
        added = sorted(seen - before - set(opened) | {"/", reverse("notifications:notification_list")})
        for person in colleagues.values():
            betrayed += look(stage, person)[1] if phase in ("listed", "renewed") else hear(stage, person)
            betrayed += ask_everything(stage, person, [*opened, *(added if before else ())], ("GET",))[1]
        found += [f"{phase}: {line}" for line in betrayed]
        before |= seen
        asked |= set(of_phase)

    file = Candidature.objects.get(pk=stage.candidature.pk)
    assert file.state == CandidatureState.LISTED
    assert len(asked) > 300
    assert {
        reverse("commission:opinion_detail", args=[file.pk]),
        reverse("decision:decision_detail", args=[listing_decision(sitting).pk]),
    } <= seen
    found += [f"anybody: {line}" for line in look_without_account(stage, sitting, sorted(asked))]
    assert not found, "\n".join(found)


def look_without_account(stage: Stage, sitting: Sitting, asked: list[str]) -> list[str]:
    """What betrays an answer on the public pages of the listed service, in feeds and open data, and at `asked`."""
    refresh_statistics()
    anybody = Spy(None, stage.marks)
    seen, found = anybody.crawl(*public_addresses(stage, sitting))
    entry = CatalogueEntry.objects.get(enrolment=stage.candidature.enrolment_id)
    assert reverse("listing:service_detail", args=[entry.slug, entry.number]) in seen
    assert reverse("listing:catalogue_feed") in seen
    found += ask_everything(stage, None, [*asked, reverse("listing:api_service_detail", args=[entry.number])])[1]
    for what, mark in stage.marks.items():
        # whoever holds a sealed dossier may have it recognised; a file, or what an answer would be, never
        if len(mark) == 64 and what != "hash of the producer’s dossier":
            _, words, _ = anybody.ask(f"{reverse('trust:verification')}?empreinte={mark}")
            if "ne reconnaît pas ce document" not in words:
                found.append(f"the verification recognises: {what}")
    return found
