"""« Ce qui a changé », and verdicts taken over from an earlier candidature of the product."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit import workflow
from convergence.audit.models import AuditEntry
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.services import declare
from convergence.kernel.errors import TransitionRefused
from referencing.candidature.content import load_criteria
from referencing.candidature.enums import CandidatureState, NonConformityState, Outcome, Severity
from referencing.candidature.models import Candidature, CandidatureEvent, NonConformity, ThemeReview, Verdict
from referencing.candidature.services import carrying
from referencing.candidature.services.carrying import carry_verdicts, find_carriable
from referencing.candidature.versions import default_pair, list_versions
from referencing.dossier.models import AddendumKind
from referencing.dossier.services import freeze_addendum, generate_dossier
from tests.candidature.factories import make_candidature
from tests.factories import OrganisationFactory, make_agent, make_member
from tests.questionnaires.factories import answer, deposit, finish

pytestmark = pytest.mark.django_db

CODE, THEME = "A06.1.2", "interoperabilite"


def text_of(response):
    return response.content.decode().replace("\u202f", " ").replace("\u00a0", " ")


def judge(candidature, *, outcome=Outcome.COMPLIANT, days_ago=100, **fields):
    """A verdict on every criterion, as the instruction gave it then."""
    return [
        Verdict.objects.create(
            candidature=candidature,
            theme=criterion.theme,
            criterion=criterion.code,
            outcome=outcome,
            text="Vu",
            note="Interne",
            content_sha256=criterion.content_sha256,
            by=candidature.referent,
            at=timezone.now() - timedelta(days=days_ago),
            **fields,
        )
        for criterion in load_criteria(candidature)
    ]


def apply_again(former, *, change=None, **options):
    """Another candidature of the same product, once the first has ended; `change` edits the answers before."""
    if change:
        change(former.enrolment)
    dossier = generate_dossier(enrolment_id=former.enrolment_id, actor=former.applied_by)
    candidature, _ = make_candidature(dossier=dossier, **options)
    return Candidature.objects.select_related("enrolment__product", "enrolment__demarche", "dossier").get(
        pk=candidature.pk
    )


def declare_link(person, candidature):
    """The person declares today a link with the organisation of the file."""
    name = candidature.enrolment.product.organisation.name
    declare(person=person, lines=[InterestLine(name=name, nature=Nature.EMPLOYMENT)], at=timezone.now())


def raise_level(enrolment):
    finish(enrolment.response, THEME, {CODE: {"level": "3"}})


@pytest.fixture
def former():
    """A candidature that ended after it was evaluated."""
    candidature, _ = make_candidature(CandidatureState.WITHDRAWN, complete=False)
    return candidature


def add_addendum(candidature, **content):
    return freeze_addendum(
        dossier=candidature.dossier,
        kind=AddendumKind.COMPLEMENT,
        content=content,
        files=[],
        actor=candidature.applied_by,
        at=timezone.now(),
    )


class TestVersions:
    def test_single_dossier_has_nothing_to_be_compared_with(self, former):
        assert default_pair(list_versions(former.enrolment.product), former) is None

    def test_addendum_is_compared_with_the_dossier_before_it(self, former):
        add_addendum(former, items=[])

        pair = default_pair(list_versions(former.enrolment.product), former)

        assert [each.reference for each in pair] == [former.dossier.reference, f"{former.dossier.reference}-A1"]

    def test_second_candidature_is_compared_with_the_first_and_not_with_a_dossier_never_submitted(self, former):
        add_addendum(former, items=[])
        generate_dossier(enrolment_id=former.enrolment_id, actor=former.applied_by)
        current = apply_again(former)

        pair = default_pair(list_versions(current.enrolment.product), current)

        assert [each.reference for each in pair] == [f"{former.dossier.reference}-A1", current.dossier.reference]


class TestPage:
    def test_first_dossier_says_that_there_is_nothing_to_compare(self, client, former):
        client.force_login(former.applied_by)

        assert "Rien à comparer" in text_of(client.get(reverse("candidature:candidature_changes", args=[former.pk])))

    def test_both_sides_read_the_same_changes(self, client, former):
        current = apply_again(former, change=raise_level)
        address = reverse("candidature:candidature_changes", args=[current.pk])
        pages = []
        for person in (current.applied_by, current.referent):
            client.force_login(person)
            response = client.get(address)
            pages.append((response.context["counts"], response.context["blocks"], response.context["groups"]))

        assert pages[0] == pages[1]
        counts, blocks, _ = pages[0]
        assert counts["changed"] == 1
        assert [change["code"] for change in blocks[0]["changes"]] == [CODE]
        page = text_of(response)
        assert "1 critère modifié" in page
        assert "<del>moyenne</del>" in page
        assert "<ins>forte</ins>" in page

    def test_identical_versions_say_so_and_show_everything_on_demand(self, client, former):
        current = apply_again(former)
        client.force_login(current.referent)
        address = reverse("candidature:candidature_changes", args=[current.pk])

        assert "Rien n’a changé entre ces deux versions" in text_of(client.get(address))
        everything = client.get(address, {"tout": "1"})
        assert CODE in text_of(everything)
        assert [tag.label for tag in everything.context["tags"]] == ["Avec ce qui n’a pas changé"]

    def test_obligations_alone(self, client, former):
        def change(enrolment):
            raise_level(enrolment)
            answer(enrolment.response, THEME, {CODE: {"level": "3"}})

        current = apply_again(former, change=change)
        client.force_login(current.referent)

        response = client.get(reverse("candidature:candidature_changes", args=[current.pk]), {"obligations": "1"})

        assert {change["nature"] for block in response.context["blocks"] for change in block["changes"]} == {
            "Obligation"
        }

    def test_any_two_versions_may_be_chosen_and_unknown_ones_are_ignored(self, client, former):
        middle = apply_again(former, change=raise_level, state=CandidatureState.WITHDRAWN)
        current = apply_again(middle)
        client.force_login(current.referent)
        address = reverse("candidature:candidature_changes", args=[current.pk])

        assert client.get(address).context["is_same"]
        first = client.get(address, {"avant": former.dossier.reference})
        assert not first.context["is_same"]
        assert [each["label"] for each in first.context["shortcuts"]] == [
            "Depuis le dossier précédent",
            "Depuis le premier dossier",
        ]
        unknown = client.get(address, {"avant": "N0", "apres": "../.."})
        assert unknown.context["before"].reference == middle.dossier.reference

    def test_version_of_another_product_cannot_be_reached(self, client, former):
        other, _ = make_candidature(complete=False)
        current = apply_again(former)
        client.force_login(current.applied_by)

        response = client.get(
            reverse("candidature:candidature_changes", args=[current.pk]), {"avant": other.dossier.reference}
        )

        assert response.context["before"].reference == former.dossier.reference

    @pytest.mark.rule("BR-114")
    def test_addendum_shows_what_it_brought(self, client, former):
        addendum = add_addendum(
            former, items=[{"criterion": CODE, "answer": {"level": "3"}, "comment": "Fait en mars"}]
        )
        client.force_login(former.applied_by)

        page = text_of(client.get(reverse("candidature:candidature_changes", args=[former.pk])))

        assert addendum.reference in page
        assert "Fait en mars" in page

    def test_replaced_file_is_told_with_both_hashes(self, client):
        former, _ = make_candidature(CandidatureState.WITHDRAWN)

        def change(enrolment):
            deposit(enrolment.response, "DEV.1.2", "plan")
            finish(enrolment.response, "ethique", {"DEV.1.2": {"compliance": "conforme"}})

        current = apply_again(former, change=change)
        client.force_login(current.referent)

        page = text_of(client.get(reverse("candidature:candidature_changes", args=[current.pk])))

        assert "<strong>Ajouté</strong>" in page
        assert "Plan d’action" in page

    def test_stranger_finds_nothing(self, client, former):
        client.force_login(make_member(OrganisationFactory()))

        assert client.get(reverse("candidature:candidature_changes", args=[former.pk])).status_code == 404

    @pytest.mark.parametrize("count", [1, 3])
    def test_query_count_does_not_grow_with_versions(self, client, former, django_assert_num_queries, count):
        current = former
        for _ in range(count):
            current = apply_again(current, change=raise_level, state=CandidatureState.WITHDRAWN)
        client.force_login(current.applied_by)
        address = reverse("candidature:candidature_changes", args=[current.pk])
        client.get(address)
        with django_assert_num_queries(10):
            response = client.get(address)

        assert len(response.context["versions"]) == count + 1


class TestCarrying:
    def carry(self, candidature, actor, criteria=(CODE,), theme=THEME):
        return carry_verdicts(candidature_id=candidature.pk, theme=theme, criteria=criteria, actor=actor)

    @pytest.mark.parametrize("outcome", [Outcome.COMPLIANT, Outcome.NOT_APPLICABLE])
    def test_verdict_is_taken_over_with_the_day_of_its_verification(self, former, outcome):
        (verdict,) = judge(former, outcome=outcome)
        current = apply_again(former)

        (carried,) = self.carry(current, current.referent)

        assert (carried.outcome, carried.text, carried.note) == (outcome, "Vu", "")
        assert carried.carried_from == timezone.localdate(verdict.at)
        assert carried.by == current.referent
        assert AuditEntry.objects.about(carried).get().data["from"] == verdict.pk
        event = CandidatureEvent.objects.get(kind="verdicts_carried")
        assert (event.is_internal, event.data["criteria"]) == (True, [CODE])

    def test_day_of_the_first_verification_is_kept_from_one_candidature_to_the_next(self, former):
        (verdict,) = judge(former)
        middle = apply_again(former)
        (first,) = self.carry(middle, middle.referent)
        workflow.fire(middle, "withdraw", actor=None, at=timezone.now())
        current = apply_again(middle)

        (second,) = self.carry(current, current.referent)

        assert second.carried_from == first.carried_from == timezone.localdate(verdict.at)

    @pytest.mark.parametrize(
        ("outcome", "fields"),
        [
            (Outcome.NON_COMPLIANT, {}),
            (Outcome.TO_COMPLETE, {}),
            (Outcome.COMPLIANT, {"needs_rereading": True}),
        ],
    )
    def test_only_settled_favourable_verdicts_are_offered(self, former, outcome, fields):
        judge(former, outcome=outcome, **fields)
        current = apply_again(former)

        assert not find_carriable(current, on=timezone.localdate())

    def test_changed_answer_is_judged_again(self, former):
        judge(former)
        current = apply_again(former, change=raise_level)

        assert not find_carriable(current, on=timezone.localdate())

    def test_changed_by_addendum_is_judged_again(self, former):
        judge(former)
        current = apply_again(former)
        assert find_carriable(current, on=timezone.localdate())

        add_addendum(current, items=[{"criterion": CODE, "comment": "Une précision"}])

        assert not find_carriable(current, on=timezone.localdate())

    def test_evidence_too_old_is_judged_again(self, monkeypatch):
        former, _ = make_candidature(CandidatureState.WITHDRAWN)
        judge(former)
        current = apply_again(former)
        monkeypatch.setattr(carrying, "ages_of", lambda candidature: {("DEV.1.2", "declaration"): 365})
        today = timezone.localdate()

        def offered(day):
            return {each.criterion.code for each in find_carriable(current, on=day)}

        assert "DEV.1.2" in offered(today + timedelta(days=365))
        assert offered(today) - offered(today + timedelta(days=366)) == {"DEV.1.2"}

    def test_verdict_of_another_product_is_not_taken_over(self, former):
        other, _ = make_candidature(CandidatureState.WITHDRAWN, complete=False)
        judge(other)
        current = apply_again(former)

        assert not find_carriable(current, on=timezone.localdate())

    def test_open_non_conformity_keeps_its_criterion_out(self, former):
        judge(former)
        current = apply_again(former)
        NonConformity.objects.create(
            candidature=current,
            number=1,
            theme=THEME,
            criterion=CODE,
            title="Écart",
            severity=Severity.MINOR,
            state=NonConformityState.OPEN,
            rationale="Constat",
            opened_by=current.referent,
            opened_at=timezone.now(),
        )

        assert not find_carriable(current, on=timezone.localdate())

    @pytest.mark.rule("A-21")
    def test_verdict_of_somebody_tied_to_the_organisation_since_is_given_again(self, former):
        judge(former)
        current = apply_again(former, referent=make_agent(Role.LISTING_TEAM))
        assert find_carriable(current, on=timezone.localdate())

        declare_link(former.referent, current)

        assert not find_carriable(current, on=timezone.localdate())
        with pytest.raises(TransitionRefused) as refusal:
            self.carry(current, current.referent)
        assert [blocker.code for blocker in refusal.value.blockers] == ["not_carriable"]

    @pytest.mark.rule("A-21")
    def test_a_verdict_taken_over_still_is_that_of_who_looked_first(self, former):
        judge(former)
        middle = apply_again(former, referent=make_agent(Role.LISTING_TEAM))
        self.carry(middle, middle.referent)
        workflow.fire(middle, "withdraw", actor=None, at=timezone.now())
        current = apply_again(middle, referent=make_agent(Role.LISTING_TEAM))
        assert find_carriable(current, on=timezone.localdate())

        declare_link(former.referent, current)

        assert not find_carriable(current, on=timezone.localdate())

    @pytest.mark.rule("A-21")
    def test_a_link_of_somebody_else_changes_nothing(self, former):
        judge(former)
        current = apply_again(former, referent=make_agent(Role.LISTING_TEAM))

        declare_link(make_agent(Role.EXPERT, THEME), current)

        assert find_carriable(current, on=timezone.localdate())

    @pytest.mark.rule("BR-112")
    def test_expert_takes_over_on_own_themes_only(self):
        former, _ = make_candidature(CandidatureState.WITHDRAWN)
        judge(former)
        expert = make_agent(Role.EXPERT, THEME)
        current = apply_again(former, experts={THEME: expert})

        with pytest.raises(PermissionDenied):
            self.carry(current, expert, ["DEV.1.2"], "ethique")
        assert self.carry(current, expert)

    @pytest.mark.parametrize("role", [Role.SUPPORT, Role.EXPERT])
    def test_who_does_not_judge_takes_nothing_over(self, former, role):
        judge(former)
        current = apply_again(former)
        person = make_agent(role, "ethique" if role == Role.EXPERT else "")

        with pytest.raises((PermissionDenied, Candidature.DoesNotExist)):
            self.carry(current, person)

    def test_every_reason_of_a_refusal_is_told(self, former):
        judge(former)
        current = apply_again(former, change=raise_level)
        ThemeReview.objects.filter(candidature=current).update(
            concluded_at=timezone.now(), concluded_by=current.referent
        )

        with pytest.raises(TransitionRefused) as refusal:
            self.carry(current, current.referent, [CODE, "INCONNU"])

        assert [blocker.code for blocker in refusal.value.blockers] == [
            "theme_concluded",
            "not_carriable",
            "not_carriable",
        ]
        assert not Verdict.objects.filter(candidature=current).exists()

    def test_nothing_is_taken_over_twice(self, former):
        judge(former)
        current = apply_again(former)
        self.carry(current, current.referent)

        with pytest.raises(TransitionRefused):
            self.carry(current, current.referent)

        assert Verdict.objects.filter(candidature=current).count() == 1

    def test_page_previews_then_takes_over(self, client, former):
        judge(former)
        current = apply_again(former)
        client.force_login(current.referent)
        address = reverse("candidature:candidature_changes", args=[current.pk])
        assert "Verdicts à reprendre" in text_of(client.get(address))

        response = client.post(
            reverse("candidature:verdicts_carry", args=[current.pk]), {"theme": THEME, "criteria": [CODE]}, follow=True
        )

        page = text_of(response)
        assert "1 verdict est repris" in page
        assert "Verdicts à reprendre" not in page

    def test_page_refuses_nothing_ticked_and_an_unknown_theme(self, client, former):
        judge(former)
        current = apply_again(former)
        client.force_login(current.referent)
        address = reverse("candidature:verdicts_carry", args=[current.pk])

        assert "Choisissez au moins un critère" in text_of(client.post(address, {"theme": THEME}, follow=True))
        assert client.post(address, {"theme": "inconnu", "criteria": [CODE]}).status_code == 404

    def test_editor_sees_no_verdict_and_takes_nothing_over(self, client, former):
        judge(former)
        current = apply_again(former)
        client.force_login(current.applied_by)

        page = text_of(client.get(reverse("candidature:candidature_changes", args=[current.pk])))

        assert "Verdicts à reprendre" not in page
        address = reverse("candidature:verdicts_carry", args=[current.pk])
        assert client.post(address, {"theme": THEME, "criteria": [CODE]}).status_code == 403
