"""What the pages, the tasks and the stages above call."""

from ecoscore.services.applications import create_application, forget_secret, keep_secret
from ecoscore.services.bench import measure_next, reclaim_lost, watch
from ecoscore.services.measures import (
    ask_debug,
    ask_final,
    cancel_measure,
    check_environment,
    create_measure,
    publish_result,
    save_scenario,
    withdraw_result,
)

__all__ = [
    "ask_debug",
    "ask_final",
    "cancel_measure",
    "check_environment",
    "create_application",
    "create_measure",
    "forget_secret",
    "keep_secret",
    "measure_next",
    "publish_result",
    "reclaim_lost",
    "save_scenario",
    "watch",
    "withdraw_result",
]
