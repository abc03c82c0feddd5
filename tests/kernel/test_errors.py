import pickle

import pytest

from convergence.kernel.errors import Blocker, TransitionRefused


def test_refusal_keeps_every_blocker_in_order():
    late, empty = Blocker("late", "Le lien a expiré."), Blocker("siret", "Le SIRET manque.", "#id_siret")
    refusal = TransitionRefused([late, empty])
    assert refusal.blockers == (late, empty)
    assert str(refusal) == "Le lien a expiré. Le SIRET manque."


def test_refusal_without_reason_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        TransitionRefused([])


def test_refusal_survives_a_job_result():
    refusal = TransitionRefused([Blocker("late", "Le lien a expiré.")])
    assert pickle.loads(pickle.dumps(refusal)).blockers == refusal.blockers
