"""One timeline for both sides: every state and event is worded for each reader, nothing internal reaches the editor."""

import ast
import html
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.jobs.models import Job
from convergence.notifications.models import Notification
from referencing.candidature.enums import (
    CampaignState,
    CandidatureState,
    CheckResult,
    Holder,
    LetterKind,
    Outcome,
    RequestKind,
)
from referencing.candidature.models import AdmissibilityCheck, ComplementRequest, EvidencePin
from referencing.candidature.services.correspondence import add_note
from referencing.candidature.services.discussing import open_discussion
from referencing.candidature.services.journal import tell
from referencing.candidature.services.reviewing import conclude_theme, give_verdict, reopen_theme
from referencing.candidature.timeline import list_events
from referencing.candidature.views.frame import TABS
from referencing.candidature.wording import (
    DATES,
    DETAILS,
    EVENTS,
    Audience,
    ball_words,
    say_event,
    say_state,
    state_badge,
    theme_badge,
)
from tests.candidature.campaigns import make_campaign
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member

CODE, THEME = "A06.1.2", "interoperabilite"
#: Calls that write an event, and where its kind stands among their arguments.
TELLING = {"tell": 1, "_tell": 1, "_decide": 2}
APP = Path(settings.BASE_DIR) / "referencing" / "candidature"
AUDIENCES = list(Audience)


def told_kinds() -> Iterator[tuple[str, bool]]:
    """(kind, whether it is only the beginning of one) of every event that the code writes."""
    for path in (APP / "services").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", "")
            place = TELLING.get(name)
            kinds = [call.args[place]] if place is not None and len(call.args) > place else []
            kinds += [
                word.value
                for word in call.keywords
                if word.arg == "event" or (name == "_reopen" and word.arg == "kind")
            ]
            for kind in kinds:
                if isinstance(kind, ast.JoinedStr):
                    yield str(kind.values[0].value), True  # type: ignore[attr-defined]
                else:
                    yield from (
                        (node.value, False)
                        for node in ast.walk(kind)
                        if isinstance(node, ast.Constant) and isinstance(node.value, str)
                    )


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def test_every_event_that_the_code_writes_is_worded():
    kinds = set(told_kinds())

    assert len(kinds) > 30
    missing = {kind for kind, is_part in kinds if not is_part and kind not in EVENTS}
    missing |= {kind for kind, is_part in kinds if is_part and not any(each.startswith(kind) for each in EVENTS)}
    assert not missing


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_says_what_happened_without_jargon(kind):
    for audience in AUDIENCES:
        words = say_event(kind, audience=audience)
        assert words == words.strip()
        assert "_" not in words
    assert say_event(kind, audience=Audience.AGENT)
    assert set(EVENTS[kind].told) <= set(DETAILS)
    assert EVENTS[kind].editor or not EVENTS[kind].told


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("state", CandidatureState.values)
def test_every_state_is_worded_for_each_audience(state, audience):
    assert say_state(state, audience=audience)
    assert state_badge(state, audience=audience).label == say_state(state, audience=audience)


@pytest.mark.parametrize("holder", Holder.values)
def test_every_holder_of_the_ball_is_worded_for_both_sides(holder):
    sentences = {
        is_instructor: " ".join(ball_words(holder, is_instructor=is_instructor)) for is_instructor in (True, False)
    }

    assert "Vous" not in sentences[True]
    assert ("Vous" in sentences[False]) is (holder == Holder.EDITOR)
    for audience in AUDIENCES:
        assert theme_badge(holder, is_concluded=False, audience=audience).label


@pytest.mark.rule("A-32")
def test_editor_is_not_told_the_sense_of_an_act_by_the_state_of_the_file():
    approved, refused = (
        state_badge(state, audience=Audience.EDITOR) for state in (CandidatureState.APPROVED, CandidatureState.REFUSED)
    )

    assert approved == refused
    assert state_badge(CandidatureState.APPROVED) != state_badge(CandidatureState.REFUSED)


def test_unknown_event_is_shown_to_agents_alone():
    assert say_event("inconnu", audience=Audience.EDITOR) == ""
    assert say_event("inconnu", audience=Audience.AGENT) == "inconnu"


@pytest.mark.django_db
class TestPages:
    @pytest.mark.parametrize("state", [state for state in CandidatureState if state != CandidatureState.NEW])
    def test_home_and_history_open_in_every_state_for_both_sides(self, client, state):
        candidature, manager = make_candidature(state, complete=False)
        for person, audience in ((manager, Audience.EDITOR), (make_agent(Role.LISTING_TEAM), Audience.AGENT)):
            client.force_login(person)
            for name in ("candidature_detail", "candidature_history"):
                page = text_of(client.get(reverse(f"candidature:{name}", args=[candidature.pk])))
                assert say_state(state, audience=audience) in page

    def test_each_event_is_shown_to_whom_it_is_worded_with_the_details_they_may_read(self):
        candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
        for kind in EVENTS:
            tell(candidature, kind, actor=candidature.referent, data=dict.fromkeys(DETAILS_AS_TEXT, "dit"))

        for_agent = list_events(candidature, audience=Audience.AGENT)
        for_editor = list_events(candidature, audience=Audience.EDITOR)

        newest_first = list(reversed(EVENTS.values()))
        assert [each.what for each in for_agent] == [words.agent for words in newest_first]
        told = [words for words in newest_first if words.editor]
        assert [each.what for each in for_editor] == [words.editor for words in told]
        assert [[label for label, _ in each.details] for each in for_editor] == [
            [DETAILS[key] for key in DETAILS_AS_TEXT if key in words.told] for words in told
        ]

    def test_internal_event_of_any_kind_does_not_exist_for_the_editor(self):
        candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
        for kind in EVENTS:
            tell(candidature, kind, actor=candidature.referent, internal=True)

        assert not list_events(candidature, audience=Audience.EDITOR)
        assert len(list_events(candidature, audience=Audience.AGENT)) == len(EVENTS)

    def test_editor_reads_the_names_of_colleagues_and_of_the_referent_only(self):
        candidature, manager = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
        colleague = make_agent(Role.LISTING_TEAM)
        for actor in (manager, candidature.referent, colleague, None):
            tell(candidature, "taken", actor=actor)

        names = [each.who for each in list_events(candidature, audience=Audience.EDITOR)]

        assert names == [
            "Convergence",
            "Équipe de référencement",
            candidature.referent.get_full_name(),
            manager.get_full_name(),
        ]
        assert colleague.get_full_name() in [each.who for each in list_events(candidature, audience=Audience.AGENT)]

    def test_progress_is_in_verdicts_for_agents_and_coarse_for_the_editor(self, client):
        expert = make_agent(Role.EXPERT, THEME)
        candidature, manager = make_candidature(experts={THEME: expert}, complete=False)
        give_verdict(
            candidature_id=candidature.pk,
            criterion=CODE,
            outcome=Outcome.NON_COMPLIANT,
            text="Insuffisant",
            note="",
            base_version=0,
            actor=expert,
        )
        address = reverse("candidature:candidature_detail", args=[candidature.pk])

        client.force_login(expert)
        page = text_of(client.get(address))
        assert "1 sur 1" in page
        assert "Examiner les critères" in page
        client.force_login(manager)
        page = text_of(client.get(address))
        assert "En cours d’évaluation" in page
        assert "1 sur 1" not in page
        assert expert.get_full_name() not in page

    def test_stranger_finds_nothing(self, client):
        candidature, _ = make_candidature(CandidatureState.ADMISSIBILITY, complete=False)
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(reverse("candidature:candidature_history", args=[candidature.pk])).status_code == 404

    @pytest.mark.parametrize("count", [1, 3])
    @pytest.mark.parametrize(("name", "queries"), [("candidature_history", 5), ("candidature_detail", 9)])
    def test_query_count_is_constant(self, client, django_assert_num_queries, name, queries, count):
        candidature, manager = make_candidature(complete=count == 3)
        for number in range(count):
            tell(candidature, "taken", actor=candidature.referent)
            ask(candidature, number + 1)
        client.force_login(manager)
        address = reverse(f"candidature:{name}", args=[candidature.pk])
        client.get(address)
        with django_assert_num_queries(queries):
            response = client.get(address)

        assert len(response.context["events"]) == count

    @pytest.mark.parametrize("state", [CampaignState.UNIT_SELF_CHECK, CampaignState.CONNECTION_PLANNED])
    @pytest.mark.parametrize("count", [1, 3])
    def test_query_count_is_constant_for_agents(self, client, django_assert_num_queries, state, count):
        """At most twelve (P2), with slots of a test campaign among them."""
        candidature = make_campaign(state).candidature
        for number in range(count):
            tell(candidature, "taken", actor=candidature.referent)
            ask(candidature, number + 1)
        client.force_login(candidature.referent)
        address = reverse("candidature:candidature_detail", args=[candidature.pk])
        client.get(address)
        with django_assert_num_queries(12 if state == CampaignState.CONNECTION_PLANNED else 11):
            response = client.get(address)

        assert len(response.context["open_rows"]) == count

    def test_tests_team_reads_no_verdict_on_the_home_of_the_file(self, client):
        expert = make_agent(Role.EXPERT, THEME)
        candidature, _ = make_candidature(experts={THEME: expert}, complete=False, has_exchange=True)
        tell(candidature, "verdict_given", actor=expert, internal=True, criterion=CODE)
        tell(candidature, "tests_begun", actor=candidature.applied_by)
        client.force_login(make_agent(Role.TESTS))

        page = text_of(client.get(reverse("candidature:candidature_detail", args=[candidature.pk])))

        assert EVENTS["tests_begun"].agent in page
        assert "Verdict rendu" not in page
        assert "Évaluation par thème" not in page

    def test_each_page_of_a_file_has_one_tab(self):
        assert len({tab.key for tab in TABS}) == len(TABS)


def ask(candidature, number: int) -> ComplementRequest:
    """Something that waits for the editor, on the page of the file."""
    return ComplementRequest.objects.create(
        candidature=candidature,
        number=number,
        kind=RequestKind.CRITERIA,
        due_on=timezone.localdate(),
        requested_by=candidature.referent,
        requested_at=timezone.now(),
    )


#: Details whose value is any text.
DETAILS_AS_TEXT = [key for key in DETAILS if key not in {*DATES, "starts_at"}]
MARK = "MARQUE<INTERNE>&7f3a"
#: What may stand in an address of the instruction.
ARGUMENTS = {"criterion": CODE, "number": 1, "theme": THEME, "page": 1, "sha256": "a" * 64, "kind": "acknowledgement"}


def instruction_addresses(pk: UUID) -> Iterator[str]:
    """Every address of the app that takes nothing but the file and what stands in it."""
    app = next(each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "candidature")
    for name in (each for each in app.reverse_dict if isinstance(each, str)):
        ((_, wanted),) = app.reverse_dict.getlist(name)[0][0]
        if "pk" in wanted and set(wanted) <= {"pk", *ARGUMENTS}:
            with suppress(NoReverseMatch):  # the number of something else
                yield reverse(f"candidature:{name}", kwargs={key: ARGUMENTS.get(key, pk) for key in wanted})


@pytest.mark.django_db
class TestNothingInternalLeaks:
    @pytest.fixture
    def marked(self, django_capture_on_commit_callbacks):
        """A file whose every internal field holds the mark, written through the services, with their mails."""
        expert = make_agent(Role.EXPERT, THEME)
        candidature, manager = make_candidature(experts={THEME: expert}, complete=False)
        file = {"candidature_id": candidature.pk}
        with django_capture_on_commit_callbacks(execute=True):
            give_verdict(
                **file, criterion=CODE, outcome=Outcome.COMPLIANT, text=MARK, note=MARK, base_version=0, actor=expert
            )
            conclude_theme(**file, theme=THEME, summary=MARK, actor=expert)
            reopen_theme(**file, theme=THEME, reason=MARK, actor=expert)
            conclude_theme(**file, theme=THEME, summary=MARK, actor=expert)
            open_discussion(**file, criterion=CODE, is_internal=True, text=MARK, actor=candidature.referent)
            add_note(
                **file,
                kind=LetterKind.MEETING,
                subject=MARK,
                text=MARK,
                happened_at=timezone.now(),
                is_internal=True,
                actor=candidature.referent,
            )
            for kind in EVENTS:
                tell(
                    candidature,
                    kind,
                    actor=candidature.referent,
                    internal=True,
                    reason=MARK,
                    data=dict.fromkeys(DETAILS_AS_TEXT, MARK),
                )
        AdmissibilityCheck.objects.create(
            candidature=candidature,
            code="description",
            result=CheckResult.YES,
            note=MARK,
            by=candidature.referent,
            at=timezone.now(),
        )
        EvidencePin.objects.create(
            candidature=candidature,
            criterion=CODE,
            sha256="a" * 64,
            page=1,
            x=1,
            y=1,
            note=MARK,
            is_internal=True,
            author=expert,
            created_at=timezone.now(),
        )
        return candidature, manager

    def pages(self, client, candidature) -> Iterator[tuple[str, str]]:
        others = [
            reverse("pages:dashboard"),
            reverse("pages:enrolment_detail", args=[candidature.enrolment_id]),
            reverse("pages:product_detail", args=[candidature.enrolment.product_id]),
            reverse("candidature:dossier_list", args=[candidature.enrolment_id]),
            reverse("candidature:dossier_detail", args=[candidature.dossier_id]),
            reverse("notifications:notification_list"),
        ]
        for address in [*others, *instruction_addresses(candidature.pk)]:
            response = client.get(address)
            if response.status_code == 200:
                content = response.getvalue() if response.streaming else response.content
                yield address, html.unescape(content.decode(errors="replace"))

    def test_editor_pages_notifications_and_mails_hold_no_internal_word(self, client, marked):
        candidature, manager = marked
        client.force_login(manager)

        pages = dict(self.pages(client, candidature))

        assert len(pages) > 12
        assert [address for address, page in pages.items() if MARK in page] == []
        for notification in Notification.objects.filter(recipient=manager):
            assert MARK not in notification.content
        members = {user.email for user in User.objects.in_organisation(candidature.enrolment.product.organisation)}
        for job in Job.objects.filter(kind="notifications.mail"):
            if job.payload["to"] in members:
                assert MARK not in html.unescape(str(job.payload))

    def test_agents_do_read_them(self, client, marked):
        """The proof above is worth nothing if the mark is nowhere."""
        candidature, _ = marked
        client.force_login(candidature.referent)

        marked_pages = [address for address, page in self.pages(client, candidature) if MARK in page]

        for name, arguments in (
            ("candidature_history", [candidature.pk]),
            ("letter_list", [candidature.pk]),
            ("criterion_review", [candidature.pk, CODE]),
        ):
            assert reverse(f"candidature:{name}", args=arguments) in marked_pages
