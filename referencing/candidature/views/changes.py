"""« Ce qui a changé » between two frozen versions of a product, and the verdicts that may be taken over."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import NBSP, format_date
from convergence.ui.values import Badge, FilterTag
from referencing.candidature.content import may_open
from referencing.candidature.core.comparison import (
    Change,
    Comparison,
    CriterionChange,
    EvidenceChange,
    LineChange,
    added_by_producer,
    compare_versions,
    said_of,
)
from referencing.candidature.core.criteria import EffectiveCriterion
from referencing.candidature.enums import CandidatureState, Outcome
from referencing.candidature.models import Candidature, ThemeReview
from referencing.candidature.rules import can_judge, is_instructor
from referencing.candidature.services.carrying import carry_verdicts, find_carriable
from referencing.candidature.versions import VersionRef, ages_of, default_pair, list_versions, load_version
from referencing.candidature.views.frame import file_frame, get_file
from referencing.dossier.readers import LEVELS, NATURES, answer_text
from referencing.enrolment.core import ITEMS
from referencing.enrolment.inheritance import CONFIDENTIAL

BADGES: dict[Change, Badge] = {
    "added": Badge("Nouveau", tone="new"),
    "removed": Badge("Retiré", tone="warning"),
    "changed": Badge("Modifié", tone="info"),
    "same": Badge("Inchangé"),
}
FILE_WORDS = {"added": "Ajouté", "removed": "Retiré", "replaced": "Remplacé", "same": "Inchangé"}
ASPECTS = {
    "answer": "réponse",
    "comment": "commentaire",
    "text": "texte du critère",
    "evidence": "preuves",
    "producer": "réponse de l’éditeur producteur",
    "expired": "preuve trop ancienne",
}
SHEET_LABELS = {
    **{item.field: item.label for item in ITEMS},
    "rcs_not_applicable": "N° RCS sans objet",
    "register_number": "N° au registre du pays",
    "register_extract": "Extrait du registre",
    "finess": "N° FINESS",
    "nil": "N° d’identification (NIL)",
    "description": "Description du produit",
    "certifications": "Certifications",
}


@require_GET
@login_required
def candidature_changes(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Two versions side by side: by default the file as it stands against what was submitted before it."""
    candidature = get_file(request, pk)
    versions = list_versions(candidature.enrolment.product)
    pair = _chosen_pair(request, versions, candidature)
    context: dict[str, Any] = {
        **file_frame(request, candidature, "changes"),
        "versions": [{"reference": each.reference, "label": _say(each)} for each in versions],
        "pair": pair,
    }
    if pair is not None:
        only_obligations = request.GET.get("obligations") == "1"
        shows_all = request.GET.get("tout") == "1"
        before, after = pair
        opened = may_open(request.user, candidature)
        comparison = compare_versions(
            load_version(before, opened=opened),
            load_version(after, opened=opened),
            on=timezone.localdate(),
            ages=ages_of(candidature),
        )
        context |= {
            "before": before,
            "after": after,
            "before_label": _say(before),
            "after_label": _say(after),
            "shortcuts": _shortcuts(request, versions, candidature, pair),
            "counts": comparison.counts,
            "is_same": comparison.is_same,
            "only_obligations": only_obligations,
            "shows_all": shows_all,
            "tags": _tags(request, only_obligations=only_obligations, shows_all=shows_all),
            "blocks": _blocks(comparison, only_obligations=only_obligations, shows_all=shows_all),
            "groups": _groups(comparison, shows_all=shows_all),
        }
    context["carriable"] = _carriable(request, candidature)
    return render(request, "candidature/candidature_changes.html", context)


@require_POST
@login_required
def verdicts_carry(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take over the ticked verdicts of one theme."""
    candidature = get_file(request, pk)
    if not is_instructor(request.user, candidature):
        raise PermissionDenied("verdicts_carry")
    theme = request.POST.get("theme", "")
    try:
        carried = carry_verdicts(
            candidature_id=pk, theme=theme, criteria=request.POST.getlist("criteria"), actor=request.user
        )
    except ThemeReview.DoesNotExist as error:
        raise Http404 from error
    except TransitionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        count = len(carried)
        words = "verdict est repris" if count == 1 else "verdicts sont repris"
        messages.success(request, f"{count} {words}, avec la date de leur vérification.")
    return redirect(f"{reverse('candidature:candidature_changes', args=[pk])}#reprise")


def _chosen_pair(
    request: SignedInRequest, versions: list[VersionRef], candidature: Candidature
) -> tuple[VersionRef, VersionRef] | None:
    """The two versions asked for, in the order asked for; unknown ones give way to the default."""
    default = default_pair(versions, candidature)
    if default is None:
        return None
    known = {each.reference: each for each in versions}
    before = known.get(request.GET.get("avant", ""), default[0])
    after = known.get(request.GET.get("apres", ""), default[1])
    return before, after


def _say(version: VersionRef) -> str:
    words = f"{version.reference}, {format_date(version.frozen_at)}"
    if version.addenda:
        return f"{words} (avec {version.addenda} complément{'s' if version.addenda > 1 else ''})"
    return words if version.was_submitted else f"{words} (non déposé)"


def _shortcuts(
    request: SignedInRequest,
    versions: list[VersionRef],
    candidature: Candidature,
    pair: tuple[VersionRef, VersionRef],
) -> list[dict[str, Any]]:
    """Against the last, against the first, and against the dossier before its addenda: those that say something else."""
    default = default_pair(versions, candidature)
    if default is None:
        return []
    own = next(each for each in versions if each.dossier_id == candidature.dossier_id)
    ways = [
        ("Depuis le dossier précédent", default[0]),
        ("Depuis le premier dossier", versions[0]),
        ("Depuis le dépôt de cette candidature", own),
    ]
    found: dict[str, dict[str, Any]] = {}
    for label, before in ways:
        if before.reference != default[1].reference and before.reference not in found:
            found[before.reference] = {
                "label": label,
                "url": f"?avant={before.reference}&apres={default[1].reference}",
                "is_current": pair == (before, default[1]),
            }
    return list(found.values())


def _tags(request: SignedInRequest, *, only_obligations: bool, shows_all: bool) -> list[FilterTag]:
    tags = []
    for name, label, is_on in (
        ("obligations", "Obligations seulement", only_obligations),
        ("tout", "Avec ce qui n’a pas changé", shows_all),
    ):
        if is_on:
            query = request.GET.copy()
            del query[name]
            tags.append(FilterTag(label, f"?{query.urlencode()}"))
    return tags


def _blocks(comparison: Comparison, *, only_obligations: bool, shows_all: bool) -> list[dict[str, Any]]:
    """Criteria by theme, in the order of the comparison."""
    blocks: dict[str, dict[str, Any]] = {}
    for change in comparison.criteria:
        if only_obligations and not change.is_obligation:
            continue
        if not shows_all and not change.deserves_a_look:
            continue
        current = change.current
        block = blocks.setdefault(current.theme, {"code": current.theme, "title": current.theme_title, "changes": []})
        block["changes"].append(_present(change))
    return list(blocks.values())


def _present(change: CriterionChange) -> dict[str, Any]:
    """One criterion: badge, what differs in words, texts before and after, files."""
    current = change.current
    badges = [BADGES[change.change]]
    if "expired" in change.aspects:
        badges.append(Badge("Preuve trop ancienne", tone="error"))
    texts = []
    pairs = (
        ("answer", "Réponse", _answer(change.before), _answer(change.after)),
        ("comment", "Commentaire", _comment(change.before), _comment(change.after)),
        ("producer", "Éditeur producteur", _producer(change.before), _producer(change.after)),
        ("text", "Texte du critère", _text(change.before), _text(change.after)),
    )
    for aspect, label, before, after in pairs:
        one_sided = change.change in ("added", "removed") and aspect != "text"
        if aspect in change.aspects or (one_sided and (before or after)):
            texts.append({"label": label, "before": before, "after": after})
    return {
        "code": current.code,
        "title": current.title,
        "nature": NATURES[current.nature],
        "badges": badges,
        "what": ", ".join(ASPECTS[aspect] for aspect in change.aspects if aspect != "expired"),
        "texts": texts,
        "files": [_present_file(each) for each in change.evidence],
    }


def _present_file(each: EvidenceChange) -> dict[str, str]:
    file = each.after or each.before
    if file is None:
        raise ValueError("a change has at least one side")
    renamed = each.change == "same" and each.before and each.before.name != file.name
    words = FILE_WORDS[each.change]
    if renamed and each.before:
        words = f"Même contenu, sous un autre nom (auparavant «{NBSP}{each.before.name}{NBSP}»)"
    return {
        "name": file.name,
        "label": file.label,
        "words": words,
        "expired": "Trop ancien" if each.is_expired else "",
        "sha256": file.sha256,
        "former_sha256": each.before.sha256 if each.change == "replaced" and each.before else "",
    }


def _answer(criterion: EffectiveCriterion | None) -> str:
    if criterion is None:
        return ""
    if criterion.recovered is not None and criterion.answer is None:
        return CONFIDENTIAL.capitalize()
    content = {**asdict(criterion), "recovered": None}
    by_system = [
        f"Exception sur {each.system}{NBSP}: {answer_text({**content, 'answer': each.answer})} – {each.comment}"
        for each in criterion.exceptions
    ]
    return "\n".join(filter(None, [answer_text(content), *by_system]))


def _comment(criterion: EffectiveCriterion | None) -> str:
    return said_of(criterion) if criterion else ""


def _producer(criterion: EffectiveCriterion | None) -> str:
    """That the producer answered and when, never what: agents read that beside, in the answer and the comment."""
    if criterion is None:
        return ""
    is_masked = criterion.recovered is not None and criterion.answer is None
    secret = " (réponse confidentielle)" if is_masked else ""
    days = [format_date(datetime.fromisoformat(at)) for _, at in added_by_producer(criterion)]
    return "\n".join(f"L’éditeur producteur a répondu le {day}{secret}." for day in days)


def _text(criterion: EffectiveCriterion | None) -> str:
    """What the criterion asks, as one text to compare."""
    if criterion is None:
        return ""
    lines = [criterion.title, criterion.objective, NATURES[criterion.nature]]
    lines += [f"{LEVELS[level['level']]} : {level['text']}" for level in criterion.levels]
    if criterion.acceptable:
        lines.append(f"Niveaux acceptés : {', '.join(LEVELS[level] for level in criterion.acceptable)}")
    return "\n".join(line for line in lines if line)


def _groups(comparison: Comparison, *, shows_all: bool) -> list[dict[str, Any]]:
    """Orientation, exchange scope and fiche: the values that differ."""

    def shown(lines: tuple[LineChange, ...]) -> list[dict[str, Any]]:
        return [
            {
                "label": SHEET_LABELS.get(line.label, line.label),
                "before": line.before,
                "after": line.after,
                "badge": BADGES[line.change],
                "is_same": line.change == "same",
            }
            for line in lines
            if shows_all or line.change != "same"
        ]

    groups = (
        ("orientation", "Questionnaire d’orientation", comparison.orientation),
        ("echanges", "Échanges avec Mon espace santé", comparison.exchange),
        ("fiche", "Fiche administrative et produit", comparison.sheet),
    )
    return [{"code": code, "title": title, "lines": rows} for code, title, lines in groups if (rows := shown(lines))]


def _carriable(request: SignedInRequest, candidature: Candidature) -> list[dict[str, Any]]:
    """Per theme that this person judges, the verdicts that may be taken over; nothing for the editor."""
    if candidature.state != CandidatureState.EVALUATION or not is_instructor(request.user, candidature):
        return []
    open_themes = [
        review.theme
        for review in candidature.reviews.all()
        if review.concluded_at is None and can_judge(request.user, review)
    ]
    if not open_themes:
        return []
    themes: dict[str, dict[str, Any]] = {}
    for each in find_carriable(candidature, on=timezone.localdate()):
        if each.criterion.theme in open_themes:
            theme = themes.setdefault(
                each.criterion.theme, {"code": each.criterion.theme, "title": each.criterion.theme_title, "rows": []}
            )
            theme["rows"].append(
                {
                    "code": each.criterion.code,
                    "title": each.criterion.title,
                    "outcome": Outcome(each.former.outcome).label,
                    "verified_on": each.verified_on,
                    "by": str(each.former.by),
                }
            )
    return list(themes.values())
