"""One grid, one form: plain mappings with every default left out, and the YAML that people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from .conditions import Condition, as_plain
from .grid import FORMATS, MAX_SIZE_MB, Criterion, EvidenceType, Grid, Question, Questionnaire, Resource, Section
from .loader import SCHEMA

Plain = dict[str, Any]


class Inline(Plain):
    """A mapping written on one line in YAML: conditions, choices, links."""


def canonical(grid: Grid) -> Plain:
    """The grid as plain mappings, lists, texts, whole numbers and booleans; `load_plain` reads it back to an equal grid."""
    return {
        "schema": int(SCHEMA),
        "demarche": grid.demarche,
        "parcours": grid.parcours,
        "version": grid.version,
        "title": grid.title,
        "effective_on": grid.effective_on.isoformat(),
        **_condition("exchange_when", grid.exchange_when),
        "orientation": {"title": grid.orientation_title, "sections": [_section(each) for each in grid.orientation]},
        "questionnaires": [_questionnaire(each) for each in grid.questionnaires],
    }


def to_yaml(grid: Grid) -> str:
    """The canonical form as YAML text; `load_yaml` reads it back to an equal grid."""
    return yaml.dump(canonical(grid), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


def canonical_question(question: Question) -> Plain:
    return {
        "code": question.code,
        "label": question.label,
        **_given(help=question.help),
        "type": question.type.value,
        **_given(choices=[Inline(code=choice.code, label=choice.label) for choice in question.choices]),
        **_given(exclusive=question.exclusive),
        **({} if question.required else {"required": False}),
        **_condition("visible_when", question.visible_when),
    }


def canonical_criterion(criterion: Criterion) -> Plain:
    return {
        "code": criterion.code,
        "title": criterion.title,
        **_given(objective=criterion.objective),
        "nature": criterion.nature.value,
        **_condition("visible_when", criterion.visible_when),
        **_given(
            levels=[{"level": level.level, "text": level.text} for level in criterion.levels],
            acceptable=list(criterion.acceptable),
            recommended=criterion.recommended,
            recommendation=criterion.recommendation,
            evidence=[_evidence(each) for each in criterion.evidence],
        ),
        **(
            {"value": {"type": value.type.value, "label": value.label, **_given(unit=value.unit)}}
            if (value := criterion.value)
            else {}
        ),
        **_given(specific_by_default=criterion.specific_by_default, official=criterion.official),
    }


def canonical_section(section: Section) -> Plain:
    """A section without what it holds."""
    return {
        "code": section.code,
        "title": section.title,
        **_given(introduction=section.introduction, resources=_resources(section.resources)),
    }


def canonical_questionnaire(questionnaire: Questionnaire) -> Plain:
    """A questionnaire without its sections."""
    return {
        "code": questionnaire.code,
        "title": questionnaire.title,
        "kind": questionnaire.kind.value,
        **_given(inheritable=questionnaire.inheritable, core=questionnaire.core),
        **_condition("applicable_when", questionnaire.applicable_when),
    }


def _questionnaire(questionnaire: Questionnaire) -> Plain:
    sections = [
        {**canonical_section(each), "criteria": [canonical_criterion(criterion) for criterion in each.criteria]}
        for each in questionnaire.sections
    ]
    return {**canonical_questionnaire(questionnaire), "sections": sections}


def _section(section: Section) -> Plain:
    return {**canonical_section(section), "questions": [canonical_question(each) for each in section.questions]}


def _evidence(evidence: EvidenceType) -> Plain:
    return {
        "code": evidence.code,
        "label": evidence.label,
        **({} if evidence.required else {"required": False}),
        **_given(single_deposit=evidence.single_deposit, encrypted=evidence.encrypted, template=evidence.template),
        **({} if evidence.formats == FORMATS else {"formats": list(evidence.formats)}),
        **({} if evidence.max_size_mb == MAX_SIZE_MB else {"max_size_mb": evidence.max_size_mb}),
        **_given(max_age_days=evidence.max_age_days),
    }


def _resources(resources: Iterable[Resource]) -> list[Inline]:
    return [Inline(label=resource.label, url=resource.url) for resource in resources]


def _given(**fields: Any) -> Plain:
    return {name: value for name, value in fields.items() if value}


def _condition(name: str, condition: Condition | None) -> Plain:
    return {} if condition is None else {name: Inline(as_plain(condition))}


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _represent_inline(dumper: yaml.SafeDumper, content: Mapping[str, Any]) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", content, flow_style=True)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Inline, _represent_inline)
