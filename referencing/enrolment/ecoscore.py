"""From a final measure to criterion DEV.1.1: its value, a word on where it comes from, and the report as evidence.

Pulled by the enrolment: the écoscore knows nothing of dossiers. The report is frozen with the dossier as any evidence is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from convergence.accounts.models import User
from convergence.audit.services import record
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.ui.typography import format_date, format_number
from ecoscore import report as reports
from ecoscore.enums import CONCLUDED
from ecoscore.models import Result
from ecoscore.printing import report_name, report_pdf_of
from questionnaires.core import EvidenceType, Grid, anchor
from questionnaires.core.scoring import Part
from questionnaires.enums import Status
from questionnaires.models import Deposit, QuestionnaireResponse
from questionnaires.selectors import load_form
from questionnaires.services import Change, archive_deposit, deposit_evidence, load_grid, save_answers
from referencing.enrolment.answering.criteria import ECOSCORE
from referencing.enrolment.answering.policy import policy_for
from referencing.enrolment.models import Enrolment

#: The criterion that an écoscore answers (grid of the référencement guidé).
CRITERION = ECOSCORE
#: A téléconsultation has two journeys, patient and professional: its écoscore is the mean of both (ETH.32).
MOST_MEASURES = 2
CLOSED = (Status.UNAVAILABLE, Status.NOT_APPLICABLE)
#: Names that `report_name` gives: a report of ours, replaced by the next one.
OUR_REPORT = re.compile(r"ecoscore-[a-z0-9-]+-[0-9a-f]{8}\.pdf")


def usable_results(enrolment: Enrolment, user: User) -> list[Result]:
    """Final results of the applications of this product, newest first. A distributor’s product has its own."""
    return list(
        Result.objects.visible_to(user)
        .final()
        .light()
        .filter(measure__application__product_id=enrolment.product_id, measure__state__in=CONCLUDED)
        .select_related("measure__application")
        .order_by("-measured_at")[:50]
    )


def use_final_measure(*, enrolment_id: UUID, result_ids: Sequence[UUID], actor: User, at: datetime) -> Decimal:
    """Fill DEV.1.1 with a final écoscore and deposit its report; with two measures, their mean and both reports.

    Reports deposited by an earlier call are archived, so that value and evidence agree; the same ones stay. Any value is
    accepted, no threshold exists (BR-079). Returns the value written. Raises Enrolment.DoesNotExist, PermissionDenied,
    UploadRefused, TransitionRefused with every reason in French.
    """
    enrolment = (
        Enrolment.objects.visible_to(actor).select_related("product", "response__definition").get(pk=enrolment_id)
    )
    access = policy_for(enrolment, actor)
    access.require_write()
    grid = load_grid(enrolment.response.definition)
    results = {
        each.pk: each
        for each in Result.objects.visible_to(actor).with_measure().filter(pk__in=result_ids).order_by("measured_at")
    }
    if blockers := find_blockers(enrolment, grid, list(results.values()), asked=len(set(result_ids))):
        raise TransitionRefused(blockers)
    value = score_of(list(results.values()))
    with transaction.atomic():
        _deposit_reports(enrolment, grid, list(results.values()), actor, at)
        change = Change(
            value={"compliance": "conforme", "number": value}, comment=comment_of(list(results.values()), value)
        )
        saved = save_answers(
            response=enrolment.response,
            questionnaire=grid.questionnaire_of[CRITERION].code,
            changes={CRITERION: change},
            actor=actor,
            at=at,
            access=access,
        )
        if refused := saved.refused.get(CRITERION):
            raise TransitionRefused([Blocker("value_refused", refused, f"#{anchor(CRITERION, Part.VALUE)}")])
        record(
            "enrolment.use_final_measure",
            subject=enrolment,
            actor=actor,
            data={"results": [each.sha256 for each in results.values()], "value": str(value)},
        )
    return value


def find_blockers(enrolment: Enrolment, grid: Grid, results: Sequence[Result], *, asked: int) -> list[Blocker]:
    """Every reason why these results cannot answer the criterion of this enrolment."""
    blockers = list(_closed_reasons(enrolment, grid))
    if not asked:
        blockers.append(Blocker("nothing_chosen", "Choisissez une mesure finale.", "#id_results"))
    elif asked > MOST_MEASURES:
        message = "Choisissez une mesure, ou deux pour une téléconsultation (patient et professionnel)."
        blockers.append(Blocker("too_many", message, "#id_results"))
    if len(results) < asked:
        blockers.append(
            Blocker("unknown_result", "Une mesure choisie n’existe plus. Choisissez de nouveau.", "#id_results")
        )
    for each in results:
        name = each.measure.application.name
        if each.measure.application.product_id != enrolment.product_id:
            message = f"La mesure de « {name} » est celle d’un autre produit que ce rattachement."
            blockers.append(Blocker("other_product", message, "#id_results"))
        if each.measure.state not in CONCLUDED or each.purpose != "final":
            message = f"La mesure de « {name} » n’est pas finale\u00a0: une mesure intermédiaire ne se reprend pas."
            blockers.append(Blocker("not_final", message, "#id_results"))
    if len(results) == MOST_MEASURES:
        one, other = results
        if one.measure.application_id == other.measure.application_id:
            message = "Deux mesures de la même application n’ont pas de moyenne\u00a0: choisissez-en une."
            blockers.append(Blocker("same_application", message, "#id_results"))
        blockers += [
            Blocker("not_comparable", reason, "#id_results")
            for reason in reports.differences(one.content, other.content)
        ]
    return blockers


def score_of(results: Sequence[Result]) -> Decimal:
    """The écoscore of one measure, or the mean of two, rounded once to an integer (halves up)."""
    if len(results) == 1:
        return Decimal(results[0].content["scores"]["ecoscore"])
    notes = [
        sum((Decimal(each.content["scores"][factor]) for factor in reports.FACTORS), Decimal(0)) / len(reports.FACTORS)
        for each in results
    ]
    return (sum(notes, Decimal(0)) / len(notes)).quantize(Decimal(1), rounding=ROUND_HALF_UP)


def comment_of(results: Sequence[Result], value: Decimal) -> str:
    """Where the value comes from, for whoever reads the answer without the report."""
    lines = []
    for each in results:
        content = each.content
        lines.append(
            f"Mesure finale de « {content['application']['name']} », version {content['measure']['version']}, le "
            f"{format_date(each.measured_at)}\u00a0: écoscore {each.ecoscore} sur 100 (méthode {each.method}, "
            f"{len(content['runs'])} répétitions, énergie estimée). Empreinte du résultat\u00a0: {each.sha256}."
        )
    if len(results) > 1:
        lines.append(f"Moyenne des deux parcours\u00a0: {format_number(value)} sur 100.")
    return "\n".join(lines)


def expected_report(grid: Grid) -> EvidenceType | None:
    """The evidence where the report goes: the first one that takes a PDF and is not enclosed; None when none does."""
    return next(
        (each for each in grid.criteria[CRITERION].evidence if "pdf" in each.formats and not each.encrypted), None
    )


def _closed_reasons(enrolment: Enrolment, grid: Grid) -> list[Blocker]:
    if CRITERION not in grid.criteria:
        return [Blocker("no_criterion", f"La grille de cette démarche n’a pas de critère {CRITERION}.")]
    code = grid.questionnaire_of[CRITERION].code
    row = QuestionnaireResponse.objects.filter(response=enrolment.response, code=code).first()
    if row is None or row.state in CLOSED:
        return [
            Blocker("closed", "Le questionnaire de ce critère n’est pas ouvert\u00a0: validez d’abord l’orientation.")
        ]
    if CRITERION not in {view.code for view in load_form(enrolment.response, code).criteria}:
        return [Blocker("not_shown", "Ce critère n’est pas demandé d’après votre orientation validée.")]
    return []


def _deposit_reports(enrolment: Enrolment, grid: Grid, results: Sequence[Result], actor: User, at: datetime) -> None:
    """Deposit the reports that are missing, then archive ours that are not of these results."""
    expected = expected_report(grid)
    if expected is None:
        return
    access = policy_for(enrolment, actor)
    there = {
        each.file.name: each
        for each in Deposit.objects.active()
        .with_file()
        .filter(response=enrolment.response, criterion=CRITERION, evidence_type=expected.code)
    }
    wanted = {report_name(each): each for each in results}
    for name, result in wanted.items():
        if name not in there:
            deposit_evidence(
                response=enrolment.response,
                criterion=CRITERION,
                evidence_type=expected.code,
                upload=SimpleUploadedFile(name, report_pdf_of(result), "application/pdf"),
                actor=actor,
                at=at,
                access=access,
            )
    for name, deposit in there.items():
        if OUR_REPORT.fullmatch(name) and name not in wanted and deposit.confirmed_at is None:
            archive_deposit(deposit=deposit, actor=actor, at=at, access=access)
