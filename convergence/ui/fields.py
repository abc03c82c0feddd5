"""How one form field becomes DSFR markup, and how the errors of a form become a summary. Works with any Django form."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms import BaseForm, BoundField
from django.template.loader import render_to_string

from convergence.ui.typography import NBSP
from convergence.ui.values import Link

_INPUT, _SELECT, _UPLOAD, _CHECK, _GROUP = "input", "select", "upload", "check", "group"


def kind_of(bound: BoundField) -> str:
    """Which of the DSFR shapes fits the widget."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
        return _GROUP
    if isinstance(widget, forms.CheckboxInput):
        return _CHECK
    if isinstance(widget, forms.Select):
        return _SELECT
    if isinstance(widget, forms.FileInput):
        return _UPLOAD
    return _INPUT


def anchor_of(bound: BoundField) -> str:
    """The element that an error or a remaining question links to: the control, or the first choice of a group."""
    return bound.auto_id or bound.html_name


def render(bound: BoundField, *, hint: str = "", label: str = "", inline: bool = False) -> str:
    if bound.is_hidden:
        return bound.as_hidden()
    kind = kind_of(bound)
    anchor = anchor_of(bound)
    hint = hint or str(bound.help_text or "")
    errors = [str(error) for error in bound.errors]
    described = " ".join(
        part
        for part in (
            f"{anchor}-hint" if hint and kind != _GROUP else "",
            f"{anchor}-error" if errors else "",
            str(bound.field.widget.attrs.get("aria-describedby", "")),
        )
        if part
    )
    values: dict[str, Any] = {
        "anchor": anchor, "kind": kind, "hint": hint, "errors": errors, "inline": inline,
        "label": label or bound.label, "label_for": bound.id_for_label, "required": bound.field.required,
        "disabled": bound.field.disabled, "described": described,
        # Django's boxes inherit from its radios: ask for the boxes.
        "shape": "checkbox" if isinstance(bound.field.widget, forms.CheckboxSelectMultiple) else "radio",
    }  # fmt: skip
    if kind == _GROUP:
        values["choices"] = _choices(bound)
    else:
        values["control"] = bound.as_widget(attrs=_attributes(bound, kind, described, bool(errors)))
    return render_to_string("components/field.html", values)


def _attributes(bound: BoundField, kind: str, described: str, has_errors: bool) -> dict[str, Any]:
    widget = bound.field.widget
    attributes: dict[str, Any] = {}
    # A false value keeps an attribute out; Django would otherwise point at ids that this markup does not have.
    attributes["aria-describedby"] = described or False
    attributes["aria-invalid"] = "true" if has_errors else False
    css = {_INPUT: "fr-input", _SELECT: "fr-select", _UPLOAD: "fr-upload", _CHECK: ""}[kind]
    if has_errors and kind in (_INPUT, _SELECT):
        css = f"{css} {css}--error"
    attributes["class"] = " ".join(part for part in (css, str(widget.attrs.get("class", ""))) if part) or False
    if isinstance(widget, forms.Textarea):
        attributes["data-grow"] = ""
    if bound.field.required and kind != _CHECK:
        # The browser's own bubble would hide our summary (forms carry `novalidate`); screen readers still hear it.
        attributes["aria-required"] = "true"
    return attributes


def _choices(bound: BoundField) -> list[dict[str, Any]]:
    choices = []
    first = True
    for option in bound.subwidgets:
        data = option.data
        attrs = {k: v for k, v in data["attrs"].items() if k not in ("id", "required", "class", "aria-describedby")}
        if data["value"] in ("", None) and not data["label"]:
            continue
        choices.append(
            {
                # The first choice takes the field's own id, so that anchors and focus land on a control.
                "id": anchor_of(bound) if first else data["attrs"].get("id", f"{bound.html_name}-{data['index']}"),
                "name": data["name"], "value": data["value"], "label": data["label"],
                "hint": getattr(data["label"], "hint", ""), "checked": data["selected"], "attrs": attrs,
                "disabled": bound.field.disabled or bool(attrs.pop("disabled", False)),
            }
        )  # fmt: skip
        first = False
    return choices


def summarise(forms_: Iterable[BaseForm]) -> list[Link]:
    """Every error of the given forms, those of the whole form first, each with the anchor of its field."""
    links: list[Link] = []
    for form in forms_:
        if not form.is_bound:
            continue
        links += [Link(str(error)) for error in form.non_field_errors()]
        for bound in form:
            if bound.is_hidden:
                links += [Link(str(error)) for error in bound.errors]
            else:
                links += [Link(str(error), url=f"#{anchor_of(bound)}") for error in bound.errors]
    return links


def summary_title(count: int) -> str:
    if count == 1:
        return "Une réponse est à corriger. Ce que vous avez saisi est conservé."
    return f"{count}{NBSP}réponses sont à corriger. Ce que vous avez saisi est conservé."
