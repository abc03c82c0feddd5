import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.utils import timezone

from convergence.kernel.errors import TransitionRefused
from questionnaires.core import GridRefused, load_yaml
from questionnaires.core.excel import load_xlsx, write_xlsx
from questionnaires.grids import _Kept, compiled_grid, find_template
from questionnaires.models import DefinitionVersion
from questionnaires.services import (
    import_definition,
    latest_definition,
    open_response,
    publish_definition,
    retire_definition,
)
from tests.factories import DemarcheFactory
from tests.questionnaires.factories import AT, grid_text, make_definition, row, states

pytestmark = pytest.mark.django_db

OURS = Path(__file__).resolve().parents[2] / "fixtures/grids/referencement-guide/2024.12.yaml"


@pytest.fixture
def demarche():
    return DemarcheFactory()


def test_a_draft_is_replaced_and_an_identical_text_is_the_same_version(demarche):
    first = import_definition(text=grid_text(), actor=None)
    again = import_definition(text=grid_text(), actor=None)
    changed = import_definition(text=grid_text().replace("Grille d’essai", "Autre grille"), actor=None)

    assert first.pk == again.pk == changed.pk
    assert (first.sha256 == again.sha256, changed.sha256 == first.sha256) == (True, False)
    assert compiled_grid(changed).grid.title.startswith("Autre grille")


def test_a_published_version_never_changes(demarche):
    definition = make_definition()

    with pytest.raises(TransitionRefused, match="publiée"):
        import_definition(text=grid_text().replace("Grille d’essai", "Autre grille"), actor=None)
    for change in ({"source": "x"}, {"sha256": "0" * 64}, {"version": "2"}):
        with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
            DefinitionVersion.objects.filter(pk=definition.pk).update(**change)
    with pytest.raises(ProgrammingError), transaction.atomic():
        DefinitionVersion.objects.filter(pk=definition.pk).delete()
    with pytest.raises(TransitionRefused):
        publish_definition(definition=definition, actor=None, at=AT)


def test_a_grid_with_an_error_is_refused_with_every_finding(demarche):
    text = grid_text().replace("{equals: [Q1, oui]}", "{equals: [Q1, peut-être]}").replace("[Q13, oui]", "[Q99, oui]")

    with pytest.raises(GridRefused) as refusal:
        import_definition(text=text, actor=None)

    assert {finding.code for finding in refusal.value.findings} == {"G001"}
    assert len(refusal.value.findings) >= 4
    assert not DefinitionVersion.objects.exists()


def test_a_grid_of_an_unknown_demarche_is_refused(db):
    with pytest.raises(GridRefused, match="n’existe pas sur cette plateforme"):
        import_definition(text=grid_text(), actor=None)


def test_new_responses_start_with_the_latest_published_version(demarche):
    old = make_definition()
    text = grid_text().replace('version: "essai"', 'version: "essai-2"').replace("2024-12-17", "2025-01-01")
    new = import_definition(text=text, actor=None)
    assert latest_definition(demarche) == old
    publish_definition(definition=new, actor=None, at=AT)
    assert latest_definition(demarche) == new
    future = import_definition(text=text.replace("essai-2", "essai-3").replace("2025-01-01", "2999-01-01"), actor=None)
    publish_definition(definition=future, actor=None, at=AT)
    assert latest_definition(demarche) == new
    retire_definition(definition=new, actor=None)
    assert latest_definition(demarche) == old


def test_a_response_keeps_the_version_it_started_with(demarche):
    definition = make_definition()
    response = open_response(definition=definition)

    retire_definition(definition=definition, actor=None)

    response.refresh_from_db()
    assert response.definition == definition
    assert compiled_grid(response.definition).grid.version == "essai"


def test_compiled_grids_are_kept_and_bounded(demarche, django_assert_num_queries):
    kept = _Kept(2)
    definitions = [
        import_definition(text=grid_text().replace('version: "essai"', f'version: "e{n}"'), actor=None)
        for n in range(3)
    ]
    first = kept.get(definitions[0])

    assert kept.get(definitions[0]) is first
    kept.get(definitions[1])
    kept.get(definitions[2])
    assert kept.get(definitions[0]) is not first
    compiled_grid(definitions[0])
    light = DefinitionVersion.objects.defer("source").get(pk=definitions[0].pk)
    with django_assert_num_queries(0):
        compiled_grid(light)


def test_a_template_outside_its_folder_is_not_found():
    assert find_template("referencement-guide", "../../parcours.yaml") is None
    assert find_template("referencement-guide", "2024.12.yaml") == OURS


@pytest.mark.rule("A-10")
def test_our_grid_is_published_and_opens_with_22_questions(demarche):
    call_command("grid_import", str(OURS), "--publish", stdout=io.StringIO())

    response = open_response(definition=latest_definition(demarche))

    assert row(response, "orientation").total == 22
    assert set(states(response)) == {
        "orientation",
        "interoperabilite",
        "urbanisation",
        "maturite-securite",
        "ethique",
        "rgpd",
        "securite-echanges",
    }
    conditional = [q for q in compiled_grid(response.definition).grid.questions.values() if q.visible_when]
    assert len(conditional) == 35 - 22


# -- commands


def run(*arguments):
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_grid_import_tells_what_it_loaded(demarche, tmp_path):
    file = tmp_path / "grille.yaml"
    file.write_text(grid_text(), encoding="utf-8")

    assert run("grid_import", str(file)).startswith("referencement-guide:essai – brouillon")
    assert run("grid_import", str(file), "--publish").startswith("referencement-guide:essai – publiée")
    assert run("grid_import", str(file), "--publish").startswith("referencement-guide:essai – publiée")


def test_grid_import_refuses_with_the_findings(demarche, tmp_path):
    file = tmp_path / "grille.yaml"
    file.write_text(grid_text().replace("[Q13, oui]", "[Q99, oui]"), encoding="utf-8")

    with pytest.raises(CommandError, match="G001"):
        run("grid_import", str(file))


def test_export_then_import_gives_the_same_grid(demarche, tmp_path):
    make_definition()
    workbook = tmp_path / "grille.xlsx"
    workbook.write_bytes(write_xlsx(load_yaml(grid_text()).require()))

    assert run("grid_export", "referencement-guide", "essai") == grid_text()
    assert load_xlsx(workbook.read_bytes()).require() == load_yaml(grid_text()).require()
    workbook_of_another = tmp_path / "autre.xlsx"
    text = grid_text().replace('version: "essai"', 'version: "2"')
    workbook_of_another.write_bytes(write_xlsx(load_yaml(text).require()))
    run("grid_import", str(workbook_of_another))
    assert compiled_grid(DefinitionVersion.objects.get(version="2")).grid == load_yaml(text).require()


def test_grid_diff_compares_a_loaded_version_with_a_file(demarche, tmp_path, capsys):
    make_definition()
    file = tmp_path / "grille.yaml"
    file.write_text(grid_text().replace("title: Terminologies", "title: Vocabulaires"), encoding="utf-8")
    output = io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("grid_diff", "referencement-guide:essai", str(file), stdout=output)

    assert end.value.code == 0
    assert output.getvalue().replace("\u00a0", " ").strip() == "~ critère A06.1.2 « Vocabulaires » : title"


def test_a_version_that_is_not_loaded_is_told(demarche):
    with pytest.raises(CommandError, match="Aucune grille"):
        run("grid_export", "referencement-guide", "9")


def test_publication_is_dated(demarche):
    now = timezone.now()
    definition = publish_definition(definition=import_definition(text=grid_text(), actor=None), actor=None, at=now)
    assert (definition.state, definition.published_at) == ("published", now)
