"""An undefined variable fails a test when one of our templates uses it, and is empty in a library's."""

from pathlib import Path

import pytest
from django.template import Context, Engine, engines
from django.template.base import Origin, Template

OURS = Path(__file__).resolve().parent.parent.parent / "templates" / "example.html"


def render(source: str, *, origin: Path | str) -> str:
    engine: Engine = engines["django"].engine
    return Template(source, origin=Origin(name=str(origin)), engine=engine).render(Context({"known": "x"}))


@pytest.mark.parametrize("source", ["{{ unknown }}", "{{ known.missing }}", "{% with a=unknown %}{{ a }}{% endwith %}"])
def test_unknown_variable_fails_in_our_templates(source: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="Undefined template variable"):
        render(source, origin=OURS)


def test_known_variables_and_conditions_pass_in_our_templates() -> None:
    assert render("{{ known }}{% if unknown %}no{% endif %}", origin=OURS) == "x"


def test_unknown_variable_is_empty_in_library_templates() -> None:
    assert render("[{{ unknown }}{{ unknown|default:'d' }}]", origin="/elsewhere/dsfr/x.html") == "[d]"
