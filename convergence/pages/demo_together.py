"""Colleagues of the demo editor at work on one product, and another that changes hands (fixtures/demo/together.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import yaml
from django.utils import timezone

from convergence.accounts.demo import refuse_outside_demo
from convergence.accounts.models import Organisation, User
from convergence.pages.demo_products import (
    FIXTURES,
    Answering,
    Story,
    finish_jobs,
    read_example,
    read_in_mail,
)
from convergence.products.models import Product
from questionnaires.services import request_validation
from referencing.enrolment.models import Enrolment
from referencing.enrolment.systems.selectors import open_evidence
from referencing.enrolment.systems.services import (
    add_exception_file,
    ask_agreement,
    decide_exception,
    open_exception,
    save_exception,
)
from referencing.enrolment.transfers.services import hand_to_colleague, offer_product
from referencing.teamwork.core import Scope
from referencing.teamwork.services.conversing import post_message, settle
from referencing.teamwork.services.delegating import delegate
from referencing.teamwork.services.inviting import create_link, open_link, revoke_link
from referencing.teamwork.services.proposing import accept, propose, reject

WORLD = FIXTURES / "demo" / "together.yaml"
LINK = re.compile(r"/proposer/([\w-]+)/")


def create_demo_teamwork() -> None:
    """Create what is missing of both products; running it again changes nothing."""
    refuse_outside_demo()
    said = yaml.safe_load(WORLD.read_text(encoding="utf-8"))
    world = yaml.safe_load((FIXTURES / "demo" / "products.yaml").read_text(encoding="utf-8"))
    organisation = Organisation.objects.get(siret=world["organisation"])
    known = set(organisation.products.values_list("name", flat=True))
    if said["product"]["name"] not in known:
        _Desk(said, world, organisation).work()
    if said["offer"]["product"] not in known:
        _offer(said, world, organisation)


class _Desk:
    """One product and the people around it."""

    def __init__(self, said: Mapping[str, Any], world: Mapping[str, Any], organisation: Organisation) -> None:
        self.said, self.now = said, timezone.now()
        self.manager, self.contributor, self.validator, self.verifier = (
            find_person(said["people"][part]) for part in ("manager", "contributor", "validator", "verifier")
        )
        story = Story(organisation, world, said["product"], {})
        story.tell()
        self.enrolment = Enrolment.objects.get(
            product__organisation=organisation, product__name=said["product"]["name"]
        )
        story.conclude(self.enrolment.conventions.get(), self.verifier)
        self.answering = Answering(self.enrolment, self.manager, world["comments"])

    def work(self) -> None:
        self.answering.orient(read_example(self.said["product"]["example"]))
        review = self.said["review"]
        for questionnaire in self.answering.grid.questionnaires:
            self.answering.answer_one(questionnaire, halfway=questionnaire.code != review["questionnaire"])
        finish_jobs()
        for each in self.said["delegations"]:
            self._delegate(each)
        for each in self.said["links"]:
            self._invite(each)
        for each in self.said["conversations"]:
            self._converse(each)
        for each in self.said["exceptions"]:
            self._except(each)
        self._ask_validation(review)
        finish_jobs()

    def _ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    def _delegate(self, said: Mapping[str, Any]) -> None:
        delegate(
            enrolment_id=self.enrolment.pk,
            scope=Scope(**said["part"]),
            assignee_id=find_person(said["to"]).pk,
            due_on=timezone.localdate(self.now) + timedelta(days=said["in_days"]),
            message=said["message"],
            actor=self.manager,
            at=self._ago(said["days_ago"]),
        )

    def _invite(self, said: Mapping[str, Any]) -> None:
        link = create_link(
            enrolment_id=self.enrolment.pk,
            criterion=said["criterion"],
            email=said["email"],
            days=said["days"],
            message=said["message"],
            actor=self.contributor,
            at=self._ago(said["days_ago"]),
        )
        if said.get("is_revoked"):
            revoke_link(link_id=link.pk, actor=self.contributor, at=self.now)
        if "proposal" in said:
            open_link(link=link, at=self._ago(said["days_ago"] - 1))
            token = read_in_mail(said["email"], self.enrolment.product.name, LINK)
            self._propose(token, said["proposal"], days_ago=said["days_ago"] - 1)

    def _propose(self, token: str, said: Mapping[str, Any], *, days_ago: int) -> None:
        proposal = propose(
            token=token,
            author_name=said["author"],
            author_organisation=said["organisation"],
            value=said["value"],
            comment=said["comment"],
            uploads=(),
            at=self._ago(days_ago),
        )
        examined: dict[str, Any] = {"proposal_id": proposal.pk, "actor": self.contributor, "at": self.now}
        match said.get("outcome"):
            case "accepted":
                accept(parts=["answer", "comment"], base_version=0, **examined)
            case "rejected":
                reject(why=said["why"], **examined)

    def _converse(self, said: Mapping[str, Any]) -> None:
        about: dict[str, Any] = {"enrolment_id": self.enrolment.pk, "criterion": said["criterion"]}
        for each in said["messages"]:
            post_message(
                text=each["text"],
                mentioned=[find_person(email).pk for email in each["mentions"]],
                actor=find_person(each["by"]),
                at=self._ago(each["days_ago"]),
                **about,
            )
        if said.get("is_resolved"):
            settle(is_resolved=True, actor=self.manager, at=self.now, **about)

    def _except(self, said: Mapping[str, Any]) -> None:
        criterion = self.answering.grid.criteria[said["criterion"]]
        exception = open_exception(
            enrolment_id=self.enrolment.pk, criterion=criterion.code, system=said["system"], actor=self.validator
        )
        about: dict[str, Any] = {"exception_id": exception.pk, "actor": self.validator}
        save_exception(value=said["value"], comment=said["comment"], base_version=exception.version, **about)
        for expected in open_evidence(criterion):
            add_exception_file(
                evidence_type=expected.code, upload=self.answering.write_evidence(criterion, expected), **about
            )
        ask_agreement(**about)
        if said["outcome"] != "asked":
            decide_exception(
                exception_id=exception.pk,
                is_agreed=said["outcome"] == "agreed",
                note=said["note"],
                actor=self.verifier,
            )

    def _ask_validation(self, said: Mapping[str, Any]) -> None:
        """The contributor writes on what was validated, and asks for it again."""
        answering = Answering(self.enrolment, self.contributor, {})
        answering.comment(said["questionnaire"], said["comments"])
        request_validation(
            response=self.enrolment.response,
            questionnaire=said["questionnaire"],
            actor=self.contributor,
            at=self.now,
            access=answering.access,
        )


def _offer(said: Mapping[str, Any], world: Mapping[str, Any], organisation: Organisation) -> None:
    """A product that changes hands within the organisation, then is offered to another one."""
    offer, manager = said["offer"], find_person(said["people"]["manager"])
    Story(organisation, world, {**offer, "name": offer["product"], "stage": "draft"}, {}).tell()
    product = Product.objects.get(organisation=organisation, name=offer["product"])
    hand_to_colleague(product_id=product.pk, colleague_id=manager.pk, actor=manager)
    offer_product(product_id=product.pk, identifier=offer["to"], message=offer["message"], actor=manager)
    finish_jobs()


def find_person(email: str) -> User:
    return User.objects.get(email=email)
