import pytest

from referencing.enrolment import core

FULL = {item.field: "valeur" for item in core.ITEMS}


def test_sheet_counts_fourteen_mandatory_items():
    assert core.measure(FULL, without_rcs=False).total == 14
    assert core.measure(FULL, without_rcs=False).is_complete


@pytest.mark.rule("BR-021")
def test_progress_is_floored_and_lists_what_is_left():
    values = dict.fromkeys(("product_name", "product_version", "organisation_name"), "x")

    progress = core.measure(values, without_rcs=False)

    assert (progress.answered, progress.percent) == (3, 21)
    assert [item.label for item in progress.remaining][:3] == ["Forme juridique", "Adresse du siège", "N° RCS"]


@pytest.mark.rule("A-06")
@pytest.mark.parametrize(("without_rcs", "complete"), [(True, True), (False, False)])
def test_rcs_without_object_counts_only_for_forms_that_have_none(without_rcs, complete):
    values = FULL | {"rcs": "", "rcs_not_applicable": True}

    assert core.measure(values, without_rcs=without_rcs).is_complete is complete


@pytest.mark.rule("A-06")
@pytest.mark.parametrize(
    ("number", "extract", "complete"),
    [("HRB 1234", "extrait.pdf", True), ("HRB 1234", "", False), ("", "e.pdf", False)],
)
def test_foreign_organisation_gives_register_number_and_extract_instead_of_siret(number, extract, complete):
    values = FULL | {"legal_form": "foreign", "siret": "", "register_number": number, "register_extract": extract}

    assert core.measure(values, without_rcs=True).is_complete is complete


@pytest.mark.rule("BR-025")
@pytest.mark.parametrize("number", ["73282932000074", "732 829 320 00074", "35600000000048", "35600000049837"])
def test_siret_with_a_right_key_is_accepted(number):
    assert core.explain_siret(number) == ""


@pytest.mark.rule("BR-025")
@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("7328293200007", "14 chiffres ; vous en avez saisi 13"),
        ("73282932000075", "clé"),
        ("7328293200007A", "chiffres"),
    ],
)
def test_wrong_siret_is_refused_with_its_reason(number, words):
    assert words in core.explain_siret(number)


def test_compare_names_only_what_changed():
    assert core.compare({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": ""}) == {"b": ("2", "3")}
