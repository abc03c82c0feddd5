from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.kernel.errors import TransitionRefused
from convergence.notifications.models import Notification
from referencing.decision.enums import DecisionKind
from referencing.listing.enums import VersionState
from referencing.listing.models import Procedure
from referencing.listing.services.leaving import withdraw_service
from referencing.listing.services.versions import (
    decide_update,
    declare_version,
    follow_overdue,
    list_criteria,
    submit_update,
)
from tests.factories import ProductFactory, make_agent
from tests.listing.life_factories import make_listing, noon

pytestmark = pytest.mark.django_db


def codes(refused):
    return [each.code for each in refused.value.blockers]


def declare(listing, actor, version="1.0", changes=(), **fields):
    return declare_version(
        **{
            "listing_id": listing.pk,
            "version": version,
            "released_on": timezone.localdate(),
            "summary": "Nouvel écran d’accueil.",
            "changes": list(changes),
            "actor": actor,
            **fields,
        }
    )


@pytest.fixture
def listed():
    return make_listing()


@pytest.fixture
def due(listed):
    """A major version whose update is due."""
    listing, manager = listed
    return declare(listing, manager)


@pytest.mark.rule("BR-173")
def test_a_minor_version_needs_nothing(listed, django_capture_on_commit_callbacks):
    listing, manager = listed
    with django_capture_on_commit_callbacks(execute=True):
        row = declare(listing, manager, "0.2")

    assert (row.state, row.previous, row.due_on) == (VersionState.RECORDED, "0.1", None)
    assert not Notification.objects.exists()


@pytest.mark.rule("BR-173", "OQ-14")
@pytest.mark.parametrize(("version", "changes"), [("1.0", []), ("0.2", ["hosting"])])
def test_a_major_version_makes_an_update_due(listed, version, changes):
    listing, manager = listed

    row = declare(listing, manager, version, changes)

    assert (row.state, row.due_on) == (VersionState.UPDATE_DUE, timezone.localdate() + timedelta(days=30))


def test_compared_with_the_last_declared_one(listed, due):
    listing, manager = listed
    assert declare(listing, manager, "1.1").state == VersionState.RECORDED


def test_every_reason_at_once(listed):
    listing, manager = listed
    with pytest.raises(TransitionRefused) as refused:
        declare(listing, manager, "0.1", ["autre"], summary=" ", released_on=timezone.localdate() + timedelta(days=1))
    assert codes(refused) == ["version_known", "changes", "released_on", "summary"]


def test_the_team_declares_nothing_for_the_editor(listed):
    with pytest.raises(PermissionDenied):
        declare(listed[0], make_agent(Role.LISTING_TEAM))


@pytest.mark.rule("BR-173")
def test_the_update_confirms_every_obligation(listed, due):
    listing, manager = listed
    criteria = [code for code, _ in list_criteria(listing)]
    assert criteria

    with pytest.raises(TransitionRefused) as refused:
        submit_update(update_id=due.pk, statement=" ", confirmed=[], actor=manager)
    assert codes(refused) == ["statement", *["not_confirmed"] * len(criteria)]

    row = submit_update(update_id=due.pk, statement="Nouvel hébergeur.", confirmed=criteria, actor=manager)
    assert (row.state, row.confirmed) == (VersionState.SUBMITTED, criteria)
    team = make_agent(Role.LISTING_TEAM)
    assert decide_update(update_id=due.pk, is_accepted=True, note="", actor=team).state == VersionState.ACCEPTED


@pytest.mark.rule("A-34")
def test_a_refused_update_leads_to_formal_notice_and_may_be_sent_again(listed, due):
    listing, manager = listed
    criteria = [code for code, _ in list_criteria(listing)]
    team = make_agent(Role.LISTING_TEAM)
    submit_update(update_id=due.pk, statement="Nouvel hébergeur.", confirmed=criteria, actor=manager)
    with pytest.raises(TransitionRefused) as refused:
        decide_update(update_id=due.pk, is_accepted=False, note="", actor=team)
    assert codes(refused) == ["note"]

    row = decide_update(update_id=due.pk, is_accepted=False, note="Hébergeur non certifié.", actor=team)

    procedure = Procedure.objects.get()
    assert (row.state, procedure.kind, procedure.opened_at) == (VersionState.REFUSED, DecisionKind.FORMAL_NOTICE, None)
    again = submit_update(update_id=due.pk, statement="Certificat joint.", confirmed=criteria, actor=manager)
    assert again.state == VersionState.SUBMITTED


@pytest.mark.rule("A-34")
def test_an_overdue_update_leads_to_formal_notice_once(listed, due):
    late = noon(due.due_on + timedelta(days=1))

    counts = [follow_overdue(at=noon(due.due_on)), follow_overdue(at=late), follow_overdue(at=late)]

    assert counts == [0, 1, 0]
    assert Procedure.objects.get().condition == "declaration"


def test_it_closes_with_the_listing(listed, due):
    listing, manager = listed
    withdraw_service(listing_id=listing.pk, reason="Fin du service.", actor=manager)
    due.refresh_from_db()
    assert due.state == VersionState.CLOSED


# -- the version that the product bears


def test_a_minor_version_names_the_product_at_once_a_major_one_once_accepted(listed):
    listing, manager = listed
    product = listing.enrolment.product

    declare(listing, manager, "0.2")
    product.refresh_from_db()
    assert product.version == "0.2"

    due = declare(listing, manager, "1.0")
    product.refresh_from_db()
    assert product.version == "0.2"
    confirmed = [code for code, _ in list_criteria(listing)]
    submit_update(update_id=due.pk, statement="Nouvelle version.", confirmed=confirmed, actor=manager)
    decide_update(update_id=due.pk, is_accepted=True, note="", actor=make_agent(Role.LISTING_TEAM))

    product.refresh_from_db()
    assert product.version == "1.0"


def test_an_older_declaration_accepted_later_does_not_take_the_name_back(listed, due):
    listing, manager = listed
    declare(listing, manager, "1.1")
    confirmed = [code for code, _ in list_criteria(listing)]
    submit_update(update_id=due.pk, statement="Nouvelle version.", confirmed=confirmed, actor=manager)
    decide_update(update_id=due.pk, is_accepted=True, note="", actor=make_agent(Role.LISTING_TEAM))

    listing.enrolment.product.refresh_from_db()
    assert listing.enrolment.product.version == "1.1"


def test_a_version_that_another_product_bears_is_refused_beside_its_field(listed):
    listing, manager = listed
    product = listing.enrolment.product
    ProductFactory(organisation=product.organisation, name=product.name, version="0.2")

    with pytest.raises(TransitionRefused) as refused:
        declare(listing, manager, "0.2")

    assert codes(refused) == ["version_taken"]
    product.refresh_from_db()
    assert product.version == "0.1"
