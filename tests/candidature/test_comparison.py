"""What changed between two versions of a dossier: pure."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referencing.candidature.core.comparison import Version, compare_versions
from tests.candidature.test_criteria import criterion, file
from tests.candidature.test_criteria import payload as questionnaires

TODAY = date(2026, 3, 31)


def version(*criteria, addenda=(), orientation=(), exchange=(), sheet=None, **product):
    content = {
        **questionnaires(*criteria),
        "orientation": {"answers": list(orientation)},
        "exchange_scope": list(exchange),
        "sheet": {"values": sheet} if sheet is not None else None,
        "product": product,
    }
    return Version(content, addenda)


def compare(before, after, **options):
    return compare_versions(before, after, on=TODAY, **options)


def only(comparison):
    (change,) = comparison.criteria
    return change


def scope(**fields):
    return {
        "api": "mesures",
        "api_text": "Mesures",
        "direction": "lecture",
        "direction_text": "Lecture",
        "purpose": "soins",
        "purpose_text": "Soins",
        "necessity": "Suivre",
        "access": "À chaque ouverture",
        "retention": "Un an",
        "security": "Chiffrées",
        "consent_text": "Nous lisons vos mesures.",
        **fields,
    }


def test_a_version_compared_with_itself_has_no_change():
    same = version(
        criterion("A", evidence=[file()]),
        orientation=[{"code": "Q1", "label": "Quoi ?", "value": "oui", "text": "Oui"}],
        exchange=[scope()],
        sheet={"product_name": "Alpha"},
        description="Un carnet",
    )

    comparison = compare(same, same)

    assert comparison.is_same
    assert comparison.counts == {"added": 0, "removed": 0, "changed": 0, "same": 1, "expired": 0, "values": 0}


def test_criteria_come_in_the_order_of_the_newer_side_and_those_that_went_come_last():
    comparison = compare(version(criterion("OLD"), criterion("A")), version(criterion("A"), criterion("NEW")))

    assert [(each.current.code, each.change) for each in comparison.criteria] == [
        ("A", "same"),
        ("NEW", "added"),
        ("OLD", "removed"),
    ]


@pytest.mark.parametrize(
    ("fields", "aspect"),
    [
        ({"answer": {"level": "2"}}, "answer"),
        ({"comment": "Depuis mars"}, "comment"),
        ({"title": "Autre titre"}, "text"),
        ({"objective": "Autre objectif"}, "text"),
        ({"nature": "option"}, "text"),
        ({"acceptable": ["1", "2"]}, "text"),
        ({"levels": [{"level": "1", "text": "Premier"}, {"level": "2", "text": "Deux"}]}, "text"),
        ({"evidence": [file()]}, "evidence"),
    ],
)
def test_each_aspect_of_a_criterion_is_told_apart(fields, aspect):
    change = only(compare(version(criterion("A")), version(criterion("A", **fields))))

    assert (change.change, change.aspects) == ("changed", (aspect,))


def masked(code, **fields):
    source = {"commitment": "c", "solution": "Portail", "producer": "Éditions"}
    return criterion(code, **{"answer": None, "is_reached": None, "recovered": source} | fields)


def answered(number, code="A", **said):
    """An addendum in which the producer answered; nothing but the masked item unless `said`."""
    item = {"criterion": code, "answer": None, "comment": "", "evidence": [], "recovered": {"commitment": "d"}}
    return {"number": number, "frozen_at": f"2026-03-0{number}T09:00:00Z", "items": [item | said]}


@pytest.mark.rule("A-25", "BR-197")
def test_an_answer_of_the_producer_is_told_to_whoever_reads_it_masked():
    before = version(masked("A"), masked("B"))
    after = version(masked("A"), masked("B"), addenda=[answered(1)])

    comparison = compare(before, after)

    assert [(each.change, each.aspects) for each in comparison.criteria] == [("changed", ("producer",)), ("same", ())]
    assert compare(after, before).criteria[0].aspects == ("producer",)
    assert compare(after, after).is_same


def test_a_second_answer_of_the_producer_is_told_after_the_first():
    first, second = answered(1), answered(2)
    change = only(compare(version(masked("A"), addenda=[first]), version(masked("A"), addenda=[first, second])))
    assert change.aspects == ("producer",)


def test_whoever_reads_it_opened_reads_what_it_says_too():
    opened = answered(1, answer={"level": "2"}, comment="Voici")
    change = only(compare(version(masked("A")), version(masked("A"), addenda=[opened])))
    assert change.aspects == ("answer", "comment", "producer")


def test_what_the_producer_added_is_gone_once_the_distributor_answers_itself():
    own = {"number": 2, "frozen_at": "2026-03-02T09:00:00Z", "items": [{"criterion": "A", "answer": {"level": "1"}}]}
    change = only(
        compare(version(masked("A"), addenda=[answered(1)]), version(masked("A"), addenda=[answered(1), own]))
    )
    assert change.aspects == ("answer", "producer")


def test_whether_a_level_is_reached_is_no_change_by_itself():
    assert compare(version(criterion("A")), version(criterion("A", is_reached=True))).is_same


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([], [file()], ["added"]),
        ([file()], [], ["removed"]),
        ([file("a" * 64)], [file("b" * 64)], ["replaced"]),
        ([file("a" * 64, name="a.pdf")], [file("b" * 64, name="b.pdf")], ["added", "removed"]),
        ([file("a" * 64)], [file("b" * 64, type="autre")], ["added", "removed"]),
        ([file(name="a.pdf")], [file(name="b.pdf", deposit="d2")], ["same"]),
        # two files changed their names: contents decide, names do not
        (
            [file("a" * 64, name="un.pdf"), file("b" * 64, name="deux.pdf")],
            [file("a" * 64, name="deux.pdf"), file("b" * 64, name="un.pdf")],
            ["same", "same"],
        ),
    ],
)
def test_evidence_is_compared_by_content_then_by_name(before, after, changes):
    change = only(compare(version(criterion("A", evidence=before)), version(criterion("A", evidence=after))))

    assert [each.change for each in change.evidence] == changes


@pytest.mark.parametrize(
    ("deposited", "ages", "is_expired"),
    [
        ("2025-03-31T10:00:00+00:00", {("A", "preuve"): 365}, False),
        ("2025-03-30T10:00:00+00:00", {("A", "preuve"): 365}, True),
        ("2025-03-30T10:00:00+00:00", {("A", "preuve"): 1095}, False),
        ("2001-01-01T10:00:00+00:00", {("A", "autre"): 1, ("B", "preuve"): 1}, False),
        ("2001-01-01T10:00:00+00:00", {}, False),
        ("", {("A", "preuve"): 1}, False),
    ],
)
def test_evidence_expires_after_the_days_of_its_type(deposited, ages, is_expired):
    same = version(criterion("A", evidence=[file(deposited_at=deposited)]))

    change = only(compare(same, same, ages=ages))

    assert change.evidence[0].is_expired is is_expired
    assert change.deserves_a_look is is_expired
    assert change.change == "same"


@pytest.mark.rule("BR-114")
def test_addendum_is_a_version_of_its_own():
    addendum = {
        "number": 1,
        "items": [{"criterion": "A", "answer": {"level": "2"}, "comment": "Fait", "evidence": [file()]}],
    }

    change = only(compare(version(criterion("A")), version(criterion("A"), addenda=[addendum])))

    assert change.aspects == ("answer", "comment", "evidence")
    assert change.after.supplements[0].number == 1


@pytest.mark.rule("A-19")
def test_scope_reduction_shows_what_was_given_up():
    addendum = {
        "number": 1,
        "given_up": ["mesures-lecture"],
        "removed": ["SEC.1"],
        "orientation": [
            {"code": "Q13", "label": "Échangez-vous ?", "value": "non", "text": "Non"},
            {"code": "Q14", "label": "Quoi ?", "value": None, "text": ""},
        ],
    }
    before = (criterion("A"), criterion("SEC.1"))
    asked = [
        {"code": "Q13", "label": "Échangez-vous ?", "value": "oui", "text": "Oui"},
        {"code": "Q14", "label": "Quoi ?", "value": ["mesures-lecture"], "text": ["Mesures"]},
    ]

    comparison = compare(
        version(*before, orientation=asked, exchange=[scope()]),
        version(*before, orientation=asked, exchange=[scope()], addenda=[addendum]),
    )

    assert [(each.current.code, each.change) for each in comparison.criteria] == [("A", "same"), ("SEC.1", "removed")]
    assert [(each.before, each.after) for each in comparison.orientation] == [("Oui", "Non"), ("Mesures", "")]
    assert {each.change for each in comparison.exchange} == {"removed"}
    assert not comparison.is_same


def test_orientation_exchange_and_fiche_are_compared_value_by_value():
    comparison = compare(
        version(
            orientation=[{"code": "Q3", "label": "Données ?", "value": ["a"], "text": ["Mesures"]}],
            exchange=[scope()],
            sheet={"siret": "1", "rcs_not_applicable": False},
            description="Un carnet",
        ),
        version(
            orientation=[{"code": "Q3", "label": "Données ?", "value": ["a", "b"], "text": ["Mesures", "Agenda"]}],
            exchange=[scope(retention="Deux ans")],
            sheet={"siret": "2", "rcs_not_applicable": True},
            description="Un carnet",
        ),
    )

    changed = [
        (each.code, each.before, each.after)
        for each in (*comparison.orientation, *comparison.exchange, *comparison.sheet)
        if each.change != "same"
    ]
    assert changed == [
        ("Q3", "Mesures", "Mesures, Agenda"),
        ("mesures-lecture-retention", "Un an", "Deux ans"),
        ("siret", "1", "2"),
        ("rcs_not_applicable", "Non", "Oui"),
    ]
    assert comparison.counts["values"] == 4


FILES = st.builds(
    lambda content, name, kind: file(content * 64, name=f"{name}.pdf", type=kind),
    st.sampled_from("abc"),
    st.sampled_from("xy"),
    st.sampled_from(["preuve", "plan"]),
)
CRITERIA = st.lists(
    st.builds(
        lambda code, level, comment, evidence: criterion(
            code, answer={"level": level}, comment=comment, evidence=evidence
        ),
        st.sampled_from("ABCD"),
        st.sampled_from("12"),
        st.sampled_from(["", "Dit"]),
        st.lists(FILES, max_size=3),
    ),
    unique_by=lambda row: row["code"],
    max_size=4,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(before=CRITERIA, after=CRITERIA)
def test_both_directions_agree_and_no_file_is_forgotten(before, after):
    forth = compare(version(*before), version(*after))
    back = {each.current.code: each for each in compare(version(*after), version(*before)).criteria}

    mirrored = {"added": "removed", "removed": "added"}
    for change in forth.criteria:
        other = back[change.current.code]
        assert other.change == mirrored.get(change.change, change.change)
        assert set(other.aspects) == set(change.aspects)
        old = [each.before for each in change.evidence if each.before]
        new = [each.after for each in change.evidence if each.after]
        assert sorted(map(repr, old)) == sorted(map(repr, change.before.evidence if change.before else ()))
        assert sorted(map(repr, new)) == sorted(map(repr, change.after.evidence if change.after else ()))
