"""The agenda of a session: files added, moved, postponed, adjourned; links of interest declared on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from convergence.accounts.enums import Role
from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import TransitionRefused
from convergence.ui.typography import format_date, join_words
from convergence.ui.values import Action, Item, Link
from convergence.ui.views import render_confirmation
from referencing.commission.core.notice import last_day_to_receive
from referencing.commission.enums import RecusalSource, SessionState
from referencing.commission.forms.sessions import DocumentsForm, FilesForm, LinksForm, RapporteurForm, ReasonForm
from referencing.commission.models import AgendaPoint, Recusal
from referencing.commission.selectors.agenda import ready_files
from referencing.commission.services.agenda import (
    add_files,
    adjourn_point,
    move_point,
    postpone_point,
    set_rapporteur,
)
from referencing.commission.services.linking import declare_links, lift_recusal
from referencing.commission.views.frame import (
    address,
    get_managed_session,
    get_point,
    get_session,
    posted,
    run_action,
    run_step,
    session_crumbs,
)

if TYPE_CHECKING:
    from referencing.commission.models import CommissionSession

FILES_LIMIT = 200


@require_http_methods(["GET", "POST"])
@login_required
def agenda_add(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Choose among the files that wait for a session."""
    session = get_managed_session(request, pk)
    is_convoked = session.state != SessionState.PLANNED
    files = list(ready_files(request.user)[:FILES_LIMIT])
    form = FilesForm(posted(request), candidatures=files, is_convoked=is_convoked)
    return run_step(
        request,
        form=form,
        service=lambda: add_files(
            session_id=pk,
            candidature_ids=[UUID(each) for each in form.cleaned_data["chosen"]],
            urgency_reason=form.cleaned_data.get("urgency_reason", ""),
            actor=request.user,
            at=timezone.now(),
        ),
        title="Inscrire des dossiers à l’ordre du jour",
        button="Inscrire et convoquer" if is_convoked else "Inscrire à l’ordre du jour",
        done="L’ordre du jour est complété.",
        text=_addition_words(session) if is_convoked else "",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
        template="commission/agenda_add.html",
        has_files=bool(files),
    )


def _addition_words(session: CommissionSession) -> str:
    last = format_date(last_day_to_receive(timezone.localdate(session.held_at)))
    return (
        "La séance est déjà convoquée : les membres reçoivent aussitôt une convocation pour les points ajoutés. Elle doit "
        f"être reçue le {last} au plus tard, sauf urgence."
    )


@require_POST
@login_required
def point_move(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One place up or down."""
    point = get_point(request, pk)
    return run_action(
        request,
        service=lambda: move_point(point_id=pk, is_up=request.POST.get("direction") == "up", actor=request.user),
        done="",
        back=address("session_detail", point.session_id),
    )


@require_http_methods(["GET", "POST"])
@login_required
def point_rapporteur(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Who presents the file."""
    point = get_point(request, pk)
    form = RapporteurForm(posted(request), candidature=point.candidature, initial={"rapporteur": point.rapporteur_id})
    return run_step(
        request,
        form=form,
        service=lambda: set_rapporteur(
            point_id=pk, person=form.cleaned_data["rapporteur"], actor=request.user, at=timezone.now()
        ),
        title="Choisir le rapporteur",
        button="Enregistrer",
        done="Le rapporteur est enregistré.",
        items=_about(point),
        back=address("session_detail", point.session_id),
        crumbs=session_crumbs(point.session),
    )


@require_http_methods(["GET", "POST"])
@login_required
def point_postpone(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """To a later session (T27)."""
    point = get_point(request, pk, by_chair=True)
    is_planned = point.session.state == SessionState.PLANNED
    form = ReasonForm(posted(request))
    return run_step(
        request,
        form=form,
        service=lambda: postpone_point(
            point_id=pk, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
        ),
        title="Retirer de l’ordre du jour" if is_planned else "Reporter l’examen",
        button="Retirer de l’ordre du jour" if is_planned else "Reporter l’examen",
        done="Le dossier pourra être inscrit à une autre séance.",
        text="Le dossier redevient prêt pour la commission."
        + ("" if is_planned else " Les membres et l’éditeur sont prévenus ; l’éditeur ne lit pas le motif."),
        items=_about(point),
        back=address("session_detail", point.session_id),
        crumbs=session_crumbs(point.session),
    )


@require_http_methods(["GET", "POST"])
@login_required
def point_adjourn(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Surseoir à statuer »: documents first (T26b, A-30)."""
    point = get_point(request, pk, by_chair=True)
    form = DocumentsForm(posted(request))
    return run_step(
        request,
        form=form,
        service=lambda: adjourn_point(
            point_id=pk, documents=form.cleaned_data["documents"], actor=request.user, at=timezone.now()
        ),
        title="Surseoir à statuer",
        button="Surseoir à statuer",
        done="La commission sursoit à statuer : le dossier retourne en évaluation.",
        text="Le dossier retourne en évaluation. L’équipe de référencement demande les documents à l’éditeur, puis le dossier "
        "revient devant la commission.",
        items=_about(point),
        back=address("session_detail", point.session_id),
        crumbs=session_crumbs(point.session),
    )


def _about(point: AgendaPoint) -> list[Item]:
    return [
        Item("Point", str(point.position)),
        Item("Produit", point.product_name),
        Item("Éditeur", point.organisation_name),
    ]


# -- links of interest


@require_http_methods(["GET", "POST"])
@login_required
def link_declare(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Avez-vous un lien d’intérêts avec cet éditeur ou ce produit ? », on names alone (A-28)."""
    if not request.user.access.has(Role.PRESIDENT, Role.MEMBER):
        get_session(request, pk)
        raise PermissionDenied("link_declare")
    session = get_session(request, pk)
    known = AgendaPoint.objects.known_by_name_to(request.user).filter(session=session).pending()
    cleared = AgendaPoint.objects.visible_to(request.user).filter(session=session).values("pk")
    points = list(known.exclude(pk__in=cleared).in_order())
    answered = list(known.filter(pk__in=cleared).in_order())
    # A link may be discovered later: an answer « aucun lien » can be changed, the other way round cannot.
    asked = [*points, *(each for each in answered if request.GET.get("revoir") or request.method == "POST")]
    form = LinksForm(posted(request), points=asked)
    values: dict[str, Any] = {
        "session": session,
        "crumbs": session_crumbs(session, Link("Liens d’intérêts")),
        "form": form,
        "has_points": bool(points) or (bool(request.GET.get("revoir")) and bool(answered)),
        "answered_count": len(answered),
        "back": address("session_detail", pk),
        "none_action": Action(
            "Aucun lien, sur aucun point",
            address("link_declare", pk),
            style="secondary",
            hidden={"all": "no"},
            key="none",
        ),
        "blockers": [],
    }
    if request.method == "GET":
        return render(request, "commission/link_declare.html", values)
    free, conflicts = [], []
    if request.POST.get("all") == "no":
        free = points
    elif form.is_valid():
        free, conflicts = form.free(), form.conflicts()
    if conflicts and "confirmed" not in request.POST:
        return render_confirmation(request, _recusal_action(session, free, conflicts), cancel_url=values["back"])
    try:
        declare_links(
            session_id=pk,
            conflicts={each.pk: "" for each in conflicts},
            free=[each.pk for each in free],
            actor=request.user,
            at=timezone.now(),
        )
    except TransitionRefused as refusal:
        return render(request, "commission/link_declare.html", values | {"blockers": refusal.blockers}, status=422)
    messages.success(request, "Votre déclaration est enregistrée.")
    return redirect("commission:session_detail", pk)


def _recusal_action(session: CommissionSession, free: list[AgendaPoint], conflicts: list[AgendaPoint]) -> Action:
    places = join_words([str(each.position) for each in conflicts])
    return Action(
        "Déclarer mes liens",
        address("link_declare", session.pk),
        confirm_title="Déclarer mes liens",
        confirm_text=f"Vous vous déportez sur {'le point' if len(conflicts) == 1 else 'les points'} {places} : vous n’aurez plus "
        "accès à ces dossiers, vous ne serez pas compté dans leur quorum et vous sortirez pendant leur examen. Cette "
        "déclaration est définitive.",
        hidden={
            **{f"link-{each.pk}": "no" for each in free},
            **{f"link-{each.pk}": "yes" for each in conflicts},
            "confirmed": "1",
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def recusal_lift(request: SignedInRequest, pk: UUID, recusal: int) -> HttpResponse:
    """A link declared by mistake, before the session: the person answers again."""
    session = get_managed_session(request, pk)
    files = AgendaPoint.objects.visible_to(request.user).filter(session=session).values("candidature")
    found = get_object_or_404(
        Recusal.objects.select_related("person"), pk=recusal, candidature__in=files, source=RecusalSource.DECLARED
    )
    form = ReasonForm(posted(request))
    return run_step(
        request,
        form=form,
        service=lambda: lift_recusal(
            recusal_id=recusal, reason=form.cleaned_data["reason"], session=session, actor=request.user
        ),
        title=f"Lever le déport de {found.person.get_full_name()}",
        button="Lever le déport",
        done="Le déport est levé : la personne répond de nouveau.",
        text="À n’utiliser que pour une déclaration faite par erreur, avant l’ouverture de la séance. Le journal garde les deux.",
        back=address("session_detail", pk),
        crumbs=session_crumbs(session),
    )
