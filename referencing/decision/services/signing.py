"""Signing: a batch by a delegate, or an act signed elsewhere; then what a signature does (T32, T33, A-32, A-36)."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from convergence.accounts.models import User
from convergence.audit import workflow
from convergence.documents.signatures import SignatureFailed, seal_pdf, sign_pdf
from convergence.jobs.registry import Output
from convergence.jobs.services import enqueue
from convergence.kernel.canonical import canonical_json, sha256_hex
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import NBSP
from evidence.errors import UploadRefused
from evidence.services import Examined, keep, keep_generated, read_bytes, withheld_reason
from referencing.candidature.enums import CandidatureState
from referencing.candidature.services import standing
from referencing.candidature.services.journal import tell
from referencing.decision import notices
from referencing.decision.acts import SEAL_TOP, SIGNATURE_TOP, act_content, box, read_act, render_act
from referencing.decision.core.act import Signatory, number_of
from referencing.decision.enums import CANDIDATURE_KINDS, DRAFT_STATES, IN_FORCE_STATES, DecisionKind
from referencing.decision.models import Decision, DecisionSeries
from referencing.decision.rules import can_decide
from referencing.decision.services.drafting import find_content_blockers, find_kind_blockers
from referencing.decision.services.locking import lock_candidature, lock_decision

if TYPE_CHECKING:
    from convergence.jobs.models import Job
    from convergence.jobs.registry import Report
    from evidence.models import StoredFile
    from referencing.candidature.models import Candidature

SIGN_JOB = "decision.sign"
SIGNATURE_FIELD = "signataire"
LOCATION = "France"
#: At most so many acts at once: a job lasts a few minutes then.
BATCH_LIMIT = 100


def order_signature(*, decision_ids: Sequence[UUID], signatory: Signatory, signed_on: date, actor: User) -> Job:
    """Have a batch signed by a job that the actor follows; refuses at once, with every reason, what could not be signed."""
    if blockers := find_batch_blockers(
        decision_ids=decision_ids, signatory=signatory, signed_on=signed_on, actor=actor
    ):
        raise TransitionRefused(blockers)
    return enqueue(
        kind=SIGN_JOB,
        payload={
            "decisions": [str(each) for each in decision_ids],
            "signatory": {
                "name": signatory.name,
                "quality": signatory.quality,
                "email": signatory.email,
                "delegation": signatory.delegation,
                "delegation_from": signatory.delegation_from and signatory.delegation_from.isoformat(),
                "delegation_until": signatory.delegation_until and signatory.delegation_until.isoformat(),
            },
            "signed_on": signed_on.isoformat(),
        },
        requester=actor,
    )


def run_batch(job: Job, report: Report) -> Output:
    """Job handler: sign act after act, each in its own transaction; hand over the signed PDFs and what was refused, and why.

    A second run after a crash finds signed acts signed, and goes on.
    """
    actor = User.objects.get(pk=str(job.requester_id))
    values = job.payload["signatory"]
    days = {key: date.fromisoformat(values[key]) for key in ("delegation_from", "delegation_until") if values[key]}
    signatory = Signatory(**{**values, **days})
    signed_on = date.fromisoformat(job.payload["signed_on"])
    ids = [UUID(each) for each in job.payload["decisions"]]
    lines: list[str] = []
    files: list[tuple[str, bytes]] = []
    for rank, decision_id in enumerate(ids):
        report(round(100 * rank / len(ids)), f"Signature de l’acte {rank + 1} sur {len(ids)}")
        try:
            decision = sign_decision(decision_id=decision_id, signatory=signatory, signed_on=signed_on, actor=actor)
        except TransitionRefused as refusal:
            decision = Decision.objects.with_names().get(pk=decision_id)
            if decision.signed_by_id != actor.pk or decision.document is None:
                lines.append(f"{decision.enrolment.label}{NBSP}: non signée. {refusal}")
                continue
        if decision.document is not None:
            files.append((f"{decision.number}.pdf", read_bytes(decision.document)))
        lines.append(f"{decision.enrolment.label}{NBSP}: {decision}, signée.")
    return Output(f"actes-signes-{signed_on:%Y-%m-%d}.zip", "application/zip", _zip(files, lines))


def sign_decisions(
    *, decision_ids: Sequence[UUID], signatory: Signatory, signed_on: date, actor: User
) -> list[Decision]:
    """Sign several acts, all or none checked first; each is then signed in its own transaction (A-32)."""
    if blockers := find_batch_blockers(
        decision_ids=decision_ids, signatory=signatory, signed_on=signed_on, actor=actor
    ):
        raise TransitionRefused(blockers)
    return [
        sign_decision(decision_id=each, signatory=signatory, signed_on=signed_on, actor=actor) for each in decision_ids
    ]


def find_batch_blockers(
    *, decision_ids: Sequence[UUID], signatory: Signatory, signed_on: date, actor: User
) -> list[Blocker]:
    """Every reason not to sign these acts, those of the signatory first. Raises PermissionDenied."""
    if not can_decide(actor):
        raise PermissionDenied("sign_decisions")
    blockers = find_signatory_blockers(signatory, signed_on=signed_on, needs_delegation=True)
    decisions = {
        each.pk: each
        for each in Decision.objects.visible_to(actor).with_names().filter(pk__in=decision_ids).order_by("pk")
    }
    if not decision_ids:
        blockers.append(Blocker("decisions", "Choisissez au moins un projet à signer."))
    if len(decision_ids) > BATCH_LIMIT:
        blockers.append(Blocker("too_many", f"Signez {BATCH_LIMIT} actes au plus à la fois."))
    for decision_id in decision_ids:
        decision = decisions.get(decision_id)
        if decision is None or decision.state not in DRAFT_STATES:
            name = decision.enrolment.label if decision else "Un projet"
            blockers.append(Blocker("wrong_state", f"{name}{NBSP}: ce projet ne se signe plus."))
            continue
        blockers += [
            Blocker(each.code, f"{decision.enrolment.label}{NBSP}: {each.message}", each.anchor)
            for each in find_sign_blockers(decision, signed_on=signed_on)
        ]
    return blockers


def find_signatory_blockers(signatory: Signatory, *, signed_on: date, needs_delegation: bool) -> list[Blocker]:
    blockers = [
        Blocker(code, message, f"#id_{field}")
        for code, message, field in signatory.explain(signed_on, needs_delegation=needs_delegation)
    ]
    if signed_on > timezone.localdate():
        blockers.append(Blocker("future", "La date de l’acte n’est pas encore venue.", "#id_signed_on"))
    return blockers


def find_sign_blockers(decision: Decision, *, signed_on: date) -> list[Blocker]:
    """Every reason not to sign this act, its signatory aside."""
    blockers = [*find_kind_blockers(decision), *find_content_blockers(decision)]
    opinion = decision.opinion
    if opinion is not None and signed_on < timezone.localdate(opinion.given_at):
        blockers.append(
            Blocker("before_opinion", "L’acte ne peut pas être antérieur à l’avis de la commission.", "#id_signed_on")
        )
    if decision.kind == DecisionKind.ABROGATION:
        about = decision.about
        if about is None or about.candidature is None or about.candidature.state != CandidatureState.APPROVED:
            blockers.append(
                Blocker("published", "Seule une décision favorable jamais suivie de publication peut être abrogée.")
            )
    return blockers


@transaction.atomic
def sign_decision(*, decision_id: UUID, signatory: Signatory, signed_on: date, actor: User) -> Decision:
    """Number, freeze, sign in the signatory’s name and seal one act, then do what it says below (T32, T33).

    Raises Decision.DoesNotExist, PermissionDenied or TransitionRefused with every reason.
    """
    decision = lock_decision(decision_id, actor)
    blockers = [
        *find_signatory_blockers(signatory, signed_on=signed_on, needs_delegation=True),
        *find_sign_blockers(decision, signed_on=signed_on),
    ]
    _require_signable(decision, actor, blockers)
    now = timezone.now()
    _freeze(decision, signatory=signatory, signed_on=signed_on)
    pdf = render_act(decision, read_act(decision), at=now)
    try:
        signed = sign_pdf(
            pdf,
            signer_name=signatory.name,
            signer_email=signatory.email or actor.email,
            reason=f"{decision.get_kind_display()} {decision.number}",
            location=LOCATION,
            field_name=SIGNATURE_FIELD,
            at=now,
            box=box(SIGNATURE_TOP),
        )
        sealed = seal_pdf(signed, reason=f"Cachet de l’acte {decision.number}", at=now, box=box(SEAL_TOP))
    except SignatureFailed as failure:
        raise TransitionRefused([Blocker("signature_failed", str(failure))]) from failure
    decision.document = _keep(sealed, decision, actor)
    _fire(decision, actor=actor, at=now)
    return decision


@transaction.atomic
def receive_act(
    *,
    decision_id: UUID,
    upload: Examined,
    number: str,
    signatory: Signatory,
    signed_on: date,
    actor: User,
) -> Decision:
    """Keep an act signed outside the platform, untouched, and beside it a sealed copy of the same bytes (A-32).

    `number` is the one that the act bears. Raises as `sign_decision`.
    """
    decision = lock_decision(decision_id, actor)
    number = number.strip()
    blockers = [
        *find_signatory_blockers(signatory, signed_on=signed_on, needs_delegation=False),
        *find_sign_blockers(decision, signed_on=signed_on),
    ]
    if not number:
        blockers.append(Blocker("number", "Indiquez le numéro de l’acte.", "#id_number"))
    elif Decision.objects.filter(number=number).exists():
        blockers.append(Blocker("number", "Un autre acte porte déjà ce numéro.", "#id_number"))
    _require_signable(decision, actor, blockers)
    now = timezone.now()
    try:
        original = keep(examined=upload, actor=actor)
    except UploadRefused as refusal:
        raise TransitionRefused(refusal.problems) from refusal
    if problem := withheld_reason(original):
        raise TransitionRefused([problem])
    try:
        sealed = seal_pdf(read_bytes(original), reason=f"Copie de l’acte {number} reçue par la plateforme", at=now)
    except SignatureFailed as failure:
        raise TransitionRefused([Blocker("signature_failed", str(failure), "#id_file")]) from failure
    decision.is_signed_elsewhere, decision.original = True, original
    _freeze(decision, signatory=signatory, signed_on=signed_on, number=number)
    decision.document = _keep(sealed, decision, actor)
    _fire(decision, actor=actor, at=now)
    return decision


def _require_signable(decision: Decision, actor: User, blockers: Sequence[Blocker]) -> None:
    """State and person before anything is made: a PDF takes seconds."""
    if not can_decide(actor):
        raise PermissionDenied("sign")
    if decision.state not in DRAFT_STATES:
        raise TransitionRefused([Blocker("wrong_state", "Cette action n’est plus possible dans cet état.")])
    if blockers:
        raise TransitionRefused(blockers)


def _freeze(decision: Decision, *, signatory: Signatory, signed_on: date, number: str = "") -> None:
    """Put number, signatory and content on the row; the transition saves them."""
    decision.number = number or _next_number(signed_on.year)
    decision.signatory_name, decision.signatory_quality = signatory.name.strip(), signatory.quality.strip()
    decision.delegation = signatory.delegation.strip()
    decision.delegation_from = signatory.delegation_from if decision.delegation else None
    decision.delegation_until = signatory.delegation_until if decision.delegation else None
    decision.signed_on = signed_on
    decision.payload = canonical_json(
        act_content(decision, number=decision.number, signatory=signatory, signed_on=signed_on)
    )
    decision.sha256 = sha256_hex(decision.payload)


def _next_number(year: int) -> str:
    """The next number of a year; the row stays locked until the act is committed, so that a failure leaves no gap.

    A number that an act signed elsewhere already bears is passed over (ADR 0011).
    """
    DecisionSeries.objects.get_or_create(year=year)
    while True:
        DecisionSeries.objects.filter(year=year).update(last=F("last") + 1)
        number = number_of(year, DecisionSeries.objects.get(year=year).last)
        if not Decision.objects.filter(number=number).exists():
            return number


def _keep(content: bytes, decision: Decision, actor: User) -> StoredFile:
    try:
        return keep_generated(content=content, name=f"{decision.number}.pdf", code="pdf", actor=actor)
    except UploadRefused as refusal:
        raise TransitionRefused(refusal.problems) from refusal


def _fire(decision: Decision, *, actor: User, at: datetime) -> None:
    workflow.fire(
        decision,
        "sign",
        actor=actor,
        data={"number": decision.number, "sha256": decision.sha256, "signatory": decision.signatory_name},
        by=actor,
        at=at,
    )
    _apply(decision, actor=actor, at=at)
    transaction.on_commit(partial(notices.decision_signed, decision))


def _apply(decision: Decision, *, actor: User, at: datetime) -> None:
    """What a signature does to the file; the effects on a listing are those of the stage above (A-02)."""
    candidature = decision.candidature
    if decision.kind in CANDIDATURE_KINDS and candidature is not None:
        if decision.kind == DecisionKind.REFUSAL:
            workflow.fire(candidature, "refuse", actor=actor, at=at)
        else:
            workflow.fire(candidature, "approve", actor=actor)
    elif decision.kind == DecisionKind.ABROGATION and decision.about_id:
        candidature = _abrogate(decision, decision.about_id, actor=actor, at=at)
    if candidature is None:
        return
    data: dict[str, Any] = {"decision": decision.number, "decision_kind": decision.kind}
    tell(candidature, "decision_signed", actor=actor, data=data)
    standing.refresh(candidature)


def _abrogate(decision: Decision, about_id: UUID, *, actor: User, at: datetime) -> Candidature | None:
    """End the act concerned and its file, unless the stage above did, which follows the signature (A-36)."""
    reason = f"Abrogée par {decision.number}"
    about = Decision.objects.with_names().locked().get(pk=about_id)
    if about.state in IN_FORCE_STATES:
        workflow.fire(about, "abrogate", actor=actor, reason=reason, at=at)
    if about.candidature_id is None:
        return None
    candidature = lock_candidature(about.candidature_id)
    if candidature.state == CandidatureState.APPROVED:
        workflow.fire(candidature, "rescind", actor=actor, reason=reason, at=at)
    return candidature


def _zip(files: Sequence[tuple[str, bytes]], lines: Sequence[str]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
        archive.writestr("compte-rendu.txt", "\n".join(lines) + "\n")
    return target.getvalue()
