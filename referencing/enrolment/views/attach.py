"""From a démarche to a product, or from a product to a démarche, until the enrolment exists (SC-03, SC-06, SC-07)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.organisations import current_organisation
from convergence.accounts.requests import SignedInRequest
from convergence.kernel.errors import Blocker, TransitionRefused
from convergence.products import rules as product_rules
from convergence.products.models import Demarche, Product
from convergence.ui.values import Row
from referencing.enrolment.enums import EnrolmentState
from referencing.enrolment.models import Enrolment
from referencing.enrolment.services import attach_product
from referencing.enrolment.white_label.forms import SOLUTION_LIMIT, AttachForm
from referencing.enrolment.white_label.selectors import list_solutions


@require_GET
@login_required
def product_choose(request: SignedInRequest, slug: str) -> HttpResponse:
    """Choose an existing product, or add one (SC-03)."""
    demarche = get_object_or_404(Demarche.objects.select_related("parcours"), slug=slug, is_open=True)
    organisation = current_organisation(request)
    if organisation is None:
        return redirect("accounts:welcome")
    attached = Enrolment.objects.filter(demarche=demarche, state=EnrolmentState.ACTIVE).values("product")
    products = (
        Product.objects.visible_to(request.user)
        .filter(organisation=organisation)
        .exclude(pk__in=attached)
        .order_by("name", "version")[:200]
    )
    rows = [
        Row(cells=[product.label, product.get_type_display(), product.created_at], url=address)
        for product in products
        for address in [reverse("enrolment:product_attach", args=[product.pk, demarche.slug])]
    ]
    return render(
        request,
        "enrolment/product_choose.html",
        {
            "demarche": demarche,
            "rows": rows,
            "columns": ["Produit", "Type", "Ajouté"],
            "create_url": f"{reverse('products:product_create')}?demarche={demarche.slug}",
        },
    )


@require_GET
@login_required
def demarche_choose(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """« Nouvelle démarche « Mon espace santé » », « Choisissez votre démarche » (SC-06)."""
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    demarches = Demarche.objects.filter(is_open=True).select_related("parcours").order_by("title")
    return render(request, "enrolment/demarche_choose.html", {"product": product, "demarches": demarches})


@require_http_methods(["GET", "POST"])
@login_required
def product_attach(request: SignedInRequest, pk: UUID, slug: str) -> HttpResponse:
    """The white-label questions (SC-07), then the enrolment exists. « Rechercher » only narrows the solutions."""
    product = get_object_or_404(Product.objects.visible_to(request.user).select_related("organisation"), pk=pk)
    demarche = get_object_or_404(Demarche.objects.select_related("parcours"), slug=slug)
    solutions, is_longer = list_solutions(
        demarche,
        text=request.POST.get("search", ""),
        chosen=request.POST.get("solution", ""),
        limit=SOLUTION_LIMIT,
        on=timezone.localdate(),
    )
    is_search = "find" in request.POST
    form = AttachForm(request.POST if request.method == "POST" else None, solutions=solutions)
    blockers: Sequence[Blocker] = ()
    if is_search:
        form = AttachForm(solutions=solutions, initial=request.POST.dict())
    elif request.method == "POST" and form.is_valid():
        try:
            enrolment = attach_product(product_id=product.pk, demarche=demarche, actor=request.user, **form.answers)
        except TransitionRefused as refusal:
            blockers = refusal.blockers
        else:
            messages.success(request, f"Le produit {product.name} est rattaché à la démarche.")
            return redirect("pages:enrolment_detail", enrolment.pk)
    template = "enrolment/product_attach.html"
    return render(
        request,
        f"{template}#solutions" if is_search and request.headers.get("HX-Request") else template,
        {
            "product": product,
            "demarche": demarche,
            "form": form,
            "blockers": blockers,
            "is_longer": is_longer,
            "found": len(solutions),
            "may_attach": product_rules.can_commit(request.user, product),
        },
        status=422 if form.errors or blockers else 200,
    )
