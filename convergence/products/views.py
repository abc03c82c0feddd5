from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from convergence.accounts.organisations import current_organisation
from convergence.accounts.requests import SignedInRequest
from convergence.database.search import search
from convergence.products.enums import Interest, ProductType
from convergence.products.forms import ProductForm
from convergence.products.models import Product
from convergence.products.services import create_product, update_product
from convergence.products.waiting import list_waiting
from convergence.ui.addresses import address_of_each
from convergence.ui.values import Item, Row

#: Fields of the product form as they were typed, between its two steps (BR-003).
DRAFT = "product_draft"
LIST_LIMIT = 200


@require_GET
@login_required
def product_list(request: SignedInRequest) -> HttpResponse:
    """« Votre catalogue produits » of the current organisation, under what waits for this person’s answer."""
    organisation = current_organisation(request)
    if organisation is None:
        return redirect("accounts:welcome")
    text = request.GET.get("q", "").strip()
    products = Product.objects.visible_to(request.user).filter(organisation=organisation).with_list_data()
    found = search(products, text, "name", "version", "description").order_by("name", "version", "number")[:LIST_LIMIT]
    address = address_of_each("pages:product_detail")
    rows = [
        Row(
            cells=[
                product.label,
                product.get_type_display(),
                product.owner.get_full_name(),
                product.created_at,
            ],
            url=address(product.pk),
        )
        for product in found
    ]
    return render(
        request,
        "products/product_list.html",
        {
            "organisation": organisation,
            "waiting": list_waiting(request.user, organisation),
            "columns": ["Produit", "Type", "Responsable", "Ajouté"],
            "rows": rows,
            "text": text,
            "list_url": reverse("products:product_list"),
            "create_url": reverse("products:product_create"),
        },
    )


@require_http_methods(["GET", "POST"])
@login_required
def product_create(request: SignedInRequest) -> HttpResponse:
    """First step: describe the product; what was typed waits in the session until the recap is confirmed."""
    organisation = current_organisation(request)
    if organisation is None:
        return redirect("accounts:welcome")
    if request.method == "POST":
        form = ProductForm(request.POST, organisation=organisation)
        if form.is_valid():
            request.session[DRAFT] = {
                name: request.POST.getlist(name) for name in [*form.fields, "demarche"] if name in request.POST
            }
            return redirect("products:product_create_confirm")
    else:
        draft = typed_draft(request)
        initial = draft or {"owner": request.user.pk, "demarche": request.GET.get("demarche", "")}
        form = ProductForm(initial=initial, organisation=organisation)
    return render(
        request,
        "products/product_create.html",
        {"form": form, "demarche": form.data.get("demarche", "") or form.initial.get("demarche", "")},
        status=422 if form.errors else 200,
    )


def product_url(product: Product) -> str:
    """Address of the product’s sheet, a page of the shell: it shows what later stages know."""
    return reverse("pages:product_detail", args=[product.pk])


def typed_draft(request: SignedInRequest) -> dict[str, Any]:
    """What the first step left in the session, as initial values of the form."""
    draft = request.session.get(DRAFT, {})
    return {name: values if name == "interests" else values[0] for name, values in draft.items() if values}


def as_query(draft: dict[str, list[str]]) -> QueryDict:
    """The typed fields as the form reads them."""
    data = QueryDict(mutable=True)
    for name, values in draft.items():
        data.setlist(name, values)
    return data


@require_http_methods(["GET", "POST"])
@login_required
def product_create_confirm(request: SignedInRequest) -> HttpResponse:
    """Second step: « Récapitulatif de la création du produit »; nothing exists before `Valider` (BR-003)."""
    organisation = current_organisation(request)
    draft = request.session.get(DRAFT)
    if organisation is None or not draft:
        return redirect("products:product_create")
    data = as_query(draft)
    form = ProductForm(data, organisation=organisation)
    if not form.is_valid():  # the draft is older than a rule, or the name was taken meanwhile
        return render(
            request, "products/product_create.html", {"form": form, "demarche": data.get("demarche", "")}, status=422
        )
    if request.method == "POST":
        try:
            product = create_product(organisation=organisation, values=form.cleaned_data, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
            return render(
                request,
                "products/product_create.html",
                {"form": form, "demarche": data.get("demarche", "")},
                status=422,
            )
        demarche = data.get("demarche", "")
        del request.session[DRAFT]
        messages.success(request, f"Le produit {product.label} est ajouté à votre catalogue.")
        return redirect(product_url(product) + (f"demarches/{demarche}/" if demarche else ""))
    return render(request, "products/product_create_confirm.html", {"items": recap(form.cleaned_data)})


def recap(values: dict[str, Any]) -> list[Item]:
    """The lines of the recap, in the order and with the labels of the form (SC-05)."""
    edit = reverse("products:product_create")
    return [
        Item("Nom du produit", values["name"], f"{edit}#id_name"),
        Item("Version", values["version"], f"{edit}#id_version"),
        Item("Type de produit", ProductType(values["type"]).label, f"{edit}#id_type"),
        Item("N° d’identification (NIL délivré par le CNDA)", values["nil"], f"{edit}#id_nil"),
        Item("Responsable du produit", values["owner"].get_full_name(), f"{edit}#id_owner"),
        Item("Description", values["description"], f"{edit}#id_description"),
        Item("Certifications", values["certifications"], f"{edit}#id_certifications"),
        Item(
            "Votre intérêt pour les dispositifs de référencement et/ou de certification",
            [Interest(interest).label for interest in values["interests"]],
            f"{edit}#id_interests",
        ),
    ]


@require_http_methods(["GET", "POST"])
@login_required
def product_update(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Change what the product sheet says; what is already frozen in a dossier stays as it was."""
    product = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    if not request.user.access.is_member(product.organisation_id):
        raise PermissionDenied("update_product")
    form = ProductForm(
        request.POST if request.method == "POST" else None, instance=product, organisation=product.organisation
    )
    if request.method == "POST" and form.is_valid():
        fresh = Product.objects.get(pk=product.pk)
        update_product(product=fresh, values=form.cleaned_data, actor=request.user)
        messages.success(request, "La fiche du produit est à jour.")
        return redirect(product_url(product))
    return render(
        request,
        "products/product_update.html",
        {"form": form, "product": Product.objects.get(pk=pk)},
        status=422 if form.errors else 200,
    )
