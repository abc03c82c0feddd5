"""Every address × method × role × (own, foreign, missing object): figure S1; the headers of each response: figure S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http.response import HttpResponseBase

from tests.access.asking import MISSING, Asker, address_of, outcome, shape, url_names
from tests.access.table import COLUMNS, TABLE
from tests.access.world import MEMBERS, World

NOT_ALLOWED = "405"
#: Objects that belong to one person.
PERSONAL = ("key", "job", "notification")
#: Addresses that are themselves the key: who holds the link is let in, whoever it is.
LINKS = ("invitation_link", "to_sign_link", "report_link", "proposal_link")
#: Rows are looked up in the same way for all agents of a column.
ONE_AGENT_PER_COLUMN = [
    people[0]
    for column, people in COLUMNS.items()
    if column in ("team", "supp", "read", "expe", "tests", "lead", "admin", "secr", "pres", "memb")
]
#: Objects that are named by two identifiers: the parent, then the child.
CHILDREN = (
    "membership",
    "membership_request",
    "invitation",
    "evidence",
    "single_evidence",
    "os_exception",
    "os_exception_file",
    "letter",
    "letter_attachment",
    "thread",
    "pin",
    "frozen_evidence",
    "reservation_file",
    "third_party_mandate",
    "team_part",
    "team_link",
    "team_proposal",
    "audit_plan",
)


@dataclass
class Row:
    """What the table says of one address."""

    name: str
    object: str
    extra: dict[str, str]
    expected: dict[str, dict[str, str]] = field(default_factory=dict)
    """By method, by person; a method that is not there is refused to everybody."""

    def says(self, method: str, person: str) -> str:
        return self.expected[method][person] if method in self.expected else NOT_ALLOWED


def each_of(cell: str, count: int) -> list[str]:
    """One value per person of a column: the same for all, or as many as they are, between commas."""
    values = cell.split(",")
    return values * count if len(values) == 1 else values


def read_table(text: str) -> dict[str, Row]:
    """The rows by name of address; a line that says less or more than the columns is an error."""
    rows: dict[str, Row] = {}
    for line in text.strip().splitlines()[1:]:
        name, target, method, *cells = line.replace("|", " ").split()
        key, *extras = target.split("+")
        row = rows.setdefault(name, Row(name, key, dict(extra.split("=") for extra in extras)))
        place = 9  # `expe`: experts and commission, then the tests team, then its lead
        others = cells[place].split("/")
        commission = cells[place + 2 :] or others[:1] * 3
        cells[place:] = [*(others + others[-1:] * 2)[:3], cells[place + 1], *commission]
        values = dict(zip(COLUMNS, (NOT_ALLOWED if cell == "·" else cell for cell in cells), strict=True))
        row.expected[method] = {
            person: value
            for column, people in COLUMNS.items()
            for person, value in zip(people, each_of(values[column], len(people)), strict=True)
        }
    return rows


ROWS = read_table(TABLE)


def test_every_address_has_a_row_and_every_row_an_address():
    assert sorted(set(url_names())) == sorted(ROWS)


@pytest.fixture(scope="module")
def asker(world: World) -> Asker:
    return Asker(world)


#: Pages that anybody may keep, as long as nobody is logged in (or whoever asks, for what shows no frame).
PUBLIC = (
    "ecoscore:methodology",
    "ecoscore:faq",
    "ecoscore:language",
    "statistics:statistics_detail",
    "statistics:statistics_export",
    "trust:verification",
    "listing:catalogue_list",
    "listing:catalogue_feed",
    "listing:category_detail",
    "listing:service_detail",
    "listing:service_logo",
    "listing:sitemap",
    "listing:robots",
    "listing:api_service_list",
    "listing:api_service_detail",
)


def check_headers(response: HttpResponseBase, *, is_public: bool = False) -> None:
    """Figure S3; `no-store` wherever the page did not say that anybody may keep it."""
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    if is_public and headers["Cache-Control"].startswith("public, max-age="):
        assert "Set-Cookie" not in headers
    else:
        assert "no-store" in headers["Cache-Control"]


class Questions:
    """Everything that is asked about one address."""

    def __init__(self, asker: Asker, row: Row) -> None:
        self.asker = asker
        self.row = row

    def arguments(self, person: str, whose: str) -> dict[str, Any]:
        """Keyword arguments of the address: `own` object, that of a stranger (`foreign`), or of nobody (`missing`)."""
        world, row = self.asker.world, self.row
        own = {**world.own.objects, **self.asker.personal["mandataire" if person == "etranger" else person]}
        foreign = {**world.foreign.objects, **self.asker.personal["mandataire" if person == "etranger" else "etranger"]}
        found = ({} if row.object == "-" else (own if whose != "foreign" else foreign)[row.object]) | row.extra
        if whose == "missing":
            return {name: row.extra.get(name, MISSING[type(value)]) for name, value in found.items()}
        return found

    def ask(self, person: str, method: str, whose: str) -> tuple[str, str]:
        arguments = self.arguments(person, whose)
        response = self.asker.ask(person, method, address_of(self.row.name, arguments))
        check_headers(response, is_public=self.row.name in PUBLIC)
        body = shape(response, arguments) if outcome(response) in ("403", "404") else ""
        return outcome(response), body


def differences(questions: Questions) -> Iterator[str]:
    """One line for each answer that is not the one of the table."""
    row = questions.row
    is_personal = row.object in PERSONAL
    for method in ("GET", "POST"):
        for person in questions.asker.world.people:
            expected = row.says(method, person)
            got, _ = questions.ask(person, method, "own")
            if got != expected:
                yield f"{method} {person}, own object: {got}, not {expected}"
        if row.object == "-" or method not in row.expected:
            continue
        stranger = row.says(method, "etranger")
        unfound = "403" if stranger == "403" and row.object not in LINKS else "404"
        for person in (*MEMBERS, "etranger"):
            foreign = questions.ask(person, method, "foreign")
            missing = questions.ask(person, method, "missing")
            if person != "etranger" and foreign[0] != stranger:
                yield f"{method} {person}, foreign object: {foreign[0]}, not {stranger}"
            if missing[0] != unfound:
                yield f"{method} {person}, missing object: {missing[0]}, not {unfound}"
            if person != "etranger" and stranger == unfound and foreign != missing:
                yield f"{method} {person}: foreign and missing objects can be told apart"
        for person in ONE_AGENT_PER_COLUMN:
            allowed = {"404", stranger if is_personal else row.says(method, person)} & {"403", "404"}
            if (got := questions.ask(person, method, "missing")[0]) not in allowed:
                yield f"{method} {person}, missing object: {got}, not {' or '.join(sorted(allowed))}"
            if is_personal and (got := questions.ask(person, method, "foreign")[0]) != stranger:
                yield f"{method} {person}, foreign object: {got}, not {stranger}"
    for method in ("HEAD", "PUT", "DELETE"):
        for person in ("anonyme", "mandataire", "listing_team"):
            allowed = {NOT_ALLOWED, row.says("GET", person), row.says("POST", person)}
            if (got := questions.ask(person, method, "own")[0]) not in allowed:
                yield f"{method} {person}: {got}, not {' or '.join(sorted(allowed))}"


@pytest.mark.parametrize("name", ROWS)
def test_address_answers_as_the_table_says(asker: Asker, name: str) -> None:
    wrong = list(differences(Questions(asker, ROWS[name])))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.object in CHILDREN])
def test_child_of_another_parent_is_not_found(asker: Asker, name: str) -> None:
    """An address with two identifiers does not lead to a foreign row by way of one’s own organisation."""
    row = ROWS[name]
    own, foreign = (side.objects[row.object] for side in (asker.world.own, asker.world.foreign))
    parent, child = own
    mixed = {parent: own[parent], child: foreign[child]}
    for method in row.expected:
        for person in MEMBERS:
            allowed = {"404", row.says(method, person)} & {"403", "404"}
            assert outcome(asker.ask(person, method, address_of(name, mixed))) in allowed, (method, person)
