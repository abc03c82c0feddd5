"""Campaigns of the demo world are brought to their state by the services, and to no state that these refuse."""

from contextlib import nullcontext

import pytest

from convergence.accounts.enums import Role
from convergence.accounts.models import User
from convergence.pages.demo_tests import COACH, LEAD, run_demo_tests
from referencing.candidature.enums import CampaignState
from referencing.candidature.models import TestCampaign
from tests.candidature.campaigns import make_campaign
from tests.candidature.factories import make_candidature
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tests_team():
    for role, email in ((Role.TESTS, COACH), (Role.TESTS_LEAD, LEAD)):
        User.objects.filter(pk=make_agent(role).pk).update(email=email)


@pytest.mark.parametrize(
    "state",
    [
        CampaignState.KEYS_SENT,
        CampaignState.E2E_RUNNING,
        CampaignState.E2E_REDO,
        CampaignState.CONNECTION_PLANNED,
        CampaignState.PASSED,
    ],
)
def test_campaign_reaches_its_state(state):
    tested = make_campaign()

    run_demo_tests(tested.candidature, until=state, manager=tested.manager, day=lambda _: nullcontext())

    assert TestCampaign.objects.get(pk=tested.campaign.pk).state == state


def test_state_that_the_demo_does_not_tell_is_an_error():
    tested = make_campaign()
    with pytest.raises(ValueError, match="not reached"):
        run_demo_tests(
            tested.candidature, until=CampaignState.FAILED, manager=tested.manager, day=lambda _: nullcontext()
        )


def test_file_without_exchange_has_nothing_to_test():
    candidature, manager = make_candidature(complete=False)
    with pytest.raises(ValueError, match="exchanges nothing"):
        run_demo_tests(candidature, until=CampaignState.PASSED, manager=manager, day=lambda _: nullcontext())
