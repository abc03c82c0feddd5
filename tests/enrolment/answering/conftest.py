import pytest

from convergence.accounts.enums import MembershipType
from tests.factories import make_member
from tests.questionnaires.factories import make_enrolment


@pytest.fixture
def enrolment(db):
    return make_enrolment()


@pytest.fixture
def editor(enrolment, client):
    """A mandataire of the organisation, logged in."""
    user = make_member(enrolment.product.organisation)
    client.force_login(user)
    return user


@pytest.fixture
def contributor(enrolment, client):
    """A contributeur without the right to validate, logged in."""
    user = make_member(enrolment.product.organisation, MembershipType.SALARIE)
    client.force_login(user)
    return user
