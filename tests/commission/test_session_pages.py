"""Pages of members and sessions: what each person reads, what a refused form keeps, what a list costs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.interests.core import InterestLine
from convergence.interests.enums import Nature
from convergence.interests.services import declare
from convergence.notifications.models import Notification
from referencing.candidature.enums import CandidatureState
from referencing.candidature.selectors.deadlines import list_deadlines
from referencing.candidature.services.calendar import open_feed, write_token
from referencing.commission.enums import PointOutcome, RecusalSource, SessionState
from referencing.commission.models import (
    AgendaPoint,
    Clearance,
    CommissionSession,
    Convocation,
    ConvocationReceipt,
    Guest,
    Mandate,
    Recusal,
    Seat,
    Term,
)
from referencing.commission.services.sessions import convoke
from tests.candidature.factories import make_candidature
from tests.commission.factories import CODES, clear, make_commission, make_session, seat_people
from tests.factories import make_agent
from tests.platform.test_hostile_strings import pdf_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def secretary():
    return make_agent(Role.SECRETARY)


@pytest.fixture
def members():
    return make_commission()


def page(client, person, name, *arguments, **query):
    client.force_login(person)
    return client.get(reverse(f"commission:{name}", args=arguments), query)


def post(client, user, view, /, *arguments, **values):
    client.force_login(user)
    return client.post(reverse(f"commission:{view}", args=arguments), values)


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ")


# Lists


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_sessions_costs_the_same(client, secretary, count, django_assert_num_queries):
    for _ in range(count):
        make_session(SessionState.CONVOKED, secretary=secretary)
    client.force_login(secretary)

    with django_assert_num_queries(3):
        response = client.get(reverse("commission:session_list"))

    assert response.content.decode().count('data-label="Séance"') == count or text(response).count("Séance n°") == count


def test_list_of_sessions_is_empty_for_members_before_any_convocation(client, members):
    make_session(SessionState.PLANNED)

    assert "Aucune séance à venir" in text(page(client, members["dns"], "session_list"))


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_members_costs_the_same(client, secretary, count, django_assert_num_queries):
    make_commission(vacant=CODES[count:])
    client.force_login(secretary)

    with django_assert_num_queries(6):
        response = client.get(reverse("commission:member_list"))

    assert text(response).count("Déclaration valable") == count


def make_busy_session(members, secretary, count):
    """Open, with that many points, each with somebody heard and somebody recused; that many convocations to everybody."""
    session = make_session(SessionState.OPEN, secretary=secretary, files=count, chair=members["dns"])
    seat_people(session, {code: members[code] for code in CODES[:8]})
    seats = {seat.code: seat for seat in Seat.objects.all()}
    Mandate.objects.create(
        session=session,
        giver=seats["siege-9"],
        holder=seats["siege-3"],
        given_by=members["siege-9"],
        recorded_by=secretary,
        given_at=session.opened_at,
    )
    for point in session.points.all():
        Guest.objects.create(session=session, point=point, name=f"Invité {point.position}", quality="Expert")
        Recusal.objects.create(
            candidature=point.candidature,
            person=members["siege-8"],
            source=RecusalSource.DECLARED,
            declared_at=timezone.now(),
        )
        convocation = Convocation.objects.create(
            session=session, kind="first", held_at=session.held_at, agenda=[], sent_by=secretary, sent_at=timezone.now()
        )
        for code, person in members.items():
            ConvocationReceipt.objects.create(
                convocation=convocation, seat=seats[code], person=person, received_at=timezone.now()
            )
    return session


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_an_open_session_costs_the_same(client, members, secretary, count, django_assert_num_queries):
    session = make_busy_session(members, secretary, count)
    client.force_login(secretary)

    with django_assert_num_queries(12):
        response = client.get(reverse("commission:session_detail", args=[session.pk]))

    said = text(response)
    assert said.count("8 présents ou représentés sur 9, quorum de 5 atteint") == count
    assert said.count("déclaré par la personne") == said.count("Attendue") == count
    assert said.count("Pas encore") == 9 * count
    assert said.count("(PDF cacheté)") == count


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_an_open_session_costs_a_member_the_same(client, members, secretary, count, django_assert_num_queries):
    session = make_busy_session(members, secretary, count)
    clear(session, members["siege-3"])
    address = reverse("commission:session_detail", args=[session.pk])
    client.force_login(members["siege-3"])

    with django_assert_num_queries(12):  # one of them says that the convocations were consulted
        client.get(address)
    with django_assert_num_queries(11):
        response = client.get(address)

    assert text(response).count("8 présents ou représentés sur 9, quorum de 5 atteint") == count
    assert ConvocationReceipt.objects.filter(consulted_at__isnull=False).count() == count


@pytest.mark.parametrize("count", [1, 3])
def test_live_agenda_costs_the_same(client, members, secretary, count, django_assert_num_queries):
    session = make_busy_session(members, secretary, count)
    client.force_login(members["siege-3"])

    with django_assert_num_queries(8):
        response = client.get(reverse("commission:session_room", args=[session.pk]))

    assert text(response).count("8 présents ou représentés sur 9, quorum de 5 atteint") == count


def test_declaration_and_vacancy_show_on_the_page_of_members(client, secretary):
    person = make_agent(Role.MEMBER, has_declared=False)
    make_commission(vacant=["siege-9"], siege_3=person)
    Seat.objects.get_or_create(code="siege-9", defaults={"position": 9, "title": "Siège 9"})

    said = text(page(client, secretary, "member_list"))

    assert "Pas de déclaration d’intérêts : ne peut pas voter" in said
    assert "Siège vacant" in said


# Members


def test_secretary_appoints_replaces_and_ends(client, secretary):
    make_commission(vacant=["siege-9"])
    seat, _ = Seat.objects.get_or_create(code="siege-9", defaults={"position": 9, "title": "Siège 9"})
    person, successor = make_agent(Role.MEMBER), make_agent(Role.MEMBER)
    today = timezone.localdate()
    response = post(client, secretary, "term_create", seat.pk, person=person.pk, started_on="pas une date")
    assert response.status_code == 422
    yesterday = today - timedelta(days=1)

    post(client, secretary, "term_create", seat.pk, person=person.pk, started_on=f"{yesterday:%d/%m/%Y}")
    term = Term.objects.get(seat=seat)
    post(
        client,
        secretary,
        "term_replace",
        term.pk,
        person=successor.pk,
        started_on=f"{today:%d/%m/%Y}",
        reason="Démission.",
    )
    new = Term.objects.get(replaces=term)
    post(client, secretary, "term_end", new.pk, ended_on=f"{today:%d/%m/%Y}", reason="Fin.")

    new.refresh_from_db()
    assert (new.person, new.ended_on) == (successor, today)


def test_members_read_and_do_not_change(client, members):
    term = Term.objects.get(person=members["siege-3"])

    assert page(client, members["siege-3"], "member_list").status_code == 200
    assert page(client, members["siege-3"], "term_end", term.pk).status_code == 403
    assert "Remplacer" not in text(page(client, members["dns"], "member_list"))


# From planning to the end, as people click


def test_secretary_plans_fills_and_convokes(client, secretary, members):
    day = timezone.localdate() + timedelta(days=20)
    response = post(client, secretary, "session_create", day=f"{day:%d/%m/%Y}", hour="14:30")
    assert response.status_code == 422
    assert "Indiquez un lieu, ou un lien de visioconférence." in text(response)
    assert f'value="{day:%d/%m/%Y}"' in response.content.decode()

    response = post(client, secretary, "session_create", day=f"{day:%d/%m/%Y}", hour="14 h 30", place="Salle 1")
    session = CommissionSession.objects.get()
    assert response.url == reverse("commission:session_detail", args=[session.pk])
    assert timezone.localtime(session.held_at).hour == 14

    ready = make_candidature(CandidatureState.READY_COMMISSION, complete=False)[0]
    assert ready.enrolment.label in text(page(client, secretary, "agenda_add", session.pk))
    assert post(client, secretary, "agenda_add", session.pk).status_code == 422
    post(client, secretary, "agenda_add", session.pk, chosen=[str(ready.pk)])
    assert "Convoquer la commission" in text(page(client, secretary, "session_detail", session.pk))

    assert "Envoyer la convocation" in text(page(client, secretary, "session_convoke", session.pk))
    post(client, secretary, "session_convoke", session.pk, urgency_reason="")
    session.refresh_from_db()
    assert session.state == SessionState.CONVOKED
    assert "Preuves de réception" in text(page(client, secretary, "session_detail", session.pk))


def test_late_convocation_says_so_before_and_keeps_what_was_typed(client, secretary, members):
    session = make_session(
        SessionState.PLANNED, secretary=secretary, held_at=timezone.now() + timedelta(days=3), files=1
    )

    assert "cinq jours francs" in text(page(client, secretary, "session_convoke", session.pk))
    response = post(client, secretary, "session_convoke", session.pk, urgency_reason=" ")

    assert response.status_code == 422
    assert "cinq jours francs" in text(response)


@pytest.mark.rule("A-28")
def test_member_declares_on_names_then_reads(client, members):
    session = make_session(SessionState.CONVOKED, files=2)
    first, second = session.points.in_order()
    person = members["siege-3"]
    said = text(page(client, person, "session_detail", session.pk))
    assert "2 points attendent votre réponse" in said
    asked = text(page(client, person, "link_declare", session.pk))
    assert "Avez-vous un lien d’intérêts avec cet éditeur ou ce produit ?" in asked
    assert first.product_name in asked

    answers = {f"link-{first.pk}": "yes", f"link-{second.pk}": "no"}
    confirm = post(client, person, "link_declare", session.pk, **answers)
    assert "Vous vous déportez sur le point 1" in text(confirm)
    assert not Recusal.objects.exists()
    post(client, person, "link_declare", session.pk, **answers, confirmed="1")

    response = page(client, person, "session_detail", session.pk)
    body = response.content.decode()
    assert "Déport" in body
    assert second.product_name in body
    for secret in (first.product_name, first.organisation_name, str(first.pk), str(first.candidature_id)):
        assert secret not in body
    assert Recusal.objects.get().person == person


def test_member_answers_none_for_the_whole_agenda(client, members):
    session = make_session(SessionState.CONVOKED, files=3)

    response = post(client, members["siege-3"], "link_declare", session.pk, all="no")

    assert response.status_code == 302
    assert Clearance.objects.filter(person=members["siege-3"]).count() == 3
    assert "Rien à déclarer" in text(page(client, members["siege-3"], "link_declare", session.pk))
    assert post(client, members["siege-3"], "link_declare", session.pk).status_code == 422


def test_secretary_sees_and_lifts_a_recusal(client, secretary, members):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    recusal = Recusal.objects.create(
        candidature=session.points.get().candidature,
        person=members["siege-3"],
        source=RecusalSource.DECLARED,
        declared_at=timezone.now(),
    )
    said = text(page(client, secretary, "session_detail", session.pk))
    assert f"Point 1 : {members['siege-3'].get_full_name()}, déclaré par la personne" in said

    post(client, secretary, "recusal_lift", session.pk, recusal.pk, reason="Homonyme.")

    assert not Recusal.objects.exists()


@pytest.mark.rule("A-28")
@pytest.mark.parametrize("is_platform", [True, False])
def test_conflicted_member_finds_no_trace_of_the_file(
    client, secretary, members, settings, tmp_path, is_platform, django_capture_on_commit_callbacks
):
    """Everything of the commission that the person may open after the declaration: the masked point, nothing else."""
    settings.SIGNATURE_DIR = str(tmp_path)
    person = members["siege-3"]
    files = [
        make_candidature(CandidatureState.SCHEDULED, complete=False, name=name)[0]
        for name in ("Zéphyr Santé", "Autre produit")
    ]
    session = make_session(SessionState.PLANNED, secretary=secretary, files=files)
    point = session.points.in_order()[0]
    if is_platform:
        line = InterestLine(name=point.organisation_name, nature=Nature.EMPLOYMENT)
        declare(person=person, lines=[line], at=timezone.now())
    else:
        Recusal.objects.create(
            candidature=point.candidature, person=person, source=RecusalSource.DECLARED, declared_at=timezone.now()
        )
    Guest.objects.create(session=session, point=point, name="Rapporteur de Zéphyr", quality="Rapporteur")
    with django_capture_on_commit_callbacks(execute=True):
        convocation = convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=timezone.now())
    client.force_login(person)
    secrets = ["Zéphyr", str(point.pk), str(point.candidature_id), point.organisation_name]

    for name, key in (
        ("session_detail", session.pk),
        ("session_room", session.pk),
        ("link_declare", session.pk),
        ("session_calendar", session.pk),
        ("mandate_give", session.pk),
    ):
        body = client.get(reverse(f"commission:{name}", args=[key])).content.decode()
        assert not any(secret in body for secret in secrets), name
    for name in ("point_move", "point_rapporteur", "point_postpone", "point_adjourn"):
        assert client.post(reverse(f"commission:{name}", args=[point.pk])).status_code == 404
    told = Notification.objects.filter(recipient=person)
    assert not any("Zéphyr" in f"{each.content}{each.product}" for each in told)
    document = client.get(reverse("commission:convocation_download", args=[convocation.pk]))
    assert document.status_code == 200
    printed = pdf_text(b"".join(document.streaming_content))
    assert "Déport" in printed
    assert "Autreproduit" in printed
    assert "Zéphyr" not in printed


# The live session


def test_co_president_opens_counts_and_closes(client, members):
    session = make_session(SessionState.CONVOKED, held_at=timezone.now(), files=1)
    clear(session, *members.values())
    president = members["dns"]
    assert post(client, president, "session_open", session.pk).status_code == 422
    presences = {f"seat-{code}": f"in_person:{members[code].pk}" for code in CODES[:4]}
    post(client, president, "session_open", session.pk, chair=str(president.pk), **presences)
    said = text(page(client, president, "session_detail", session.pk))
    assert "4 présents ou représentés sur 9, il en manque 1 pour le quorum de 5" in said
    assert f"Absents : {members['siege-5'].get_full_name()}" in said

    now = timezone.localtime()
    seat = Seat.objects.get(code="siege-5")
    response = post(
        client,
        president,
        "attendance_record",
        session.pk,
        who=f"{seat.pk}:{members['siege-5'].pk}",
        mode="remote",
        arrived_at=f"{now:%H:%M}",
    )
    assert response.status_code == 302
    fragment = page(client, president, "session_room", session.pk)
    assert "5 présents ou représentés sur 9, quorum de 5 atteint" in text(fragment)
    assert "<html" not in fragment.content.decode()

    refused = post(client, president, "session_close", session.pk)
    assert refused.status_code == 422
    assert "Le point 1 attend une issue" in text(refused)
    post(client, president, "point_postpone", session.points.get().pk, reason="Manque de temps.")
    assert "Clore la séance" in text(page(client, president, "session_close", session.pk))
    post(client, president, "session_close", session.pk)
    session.refresh_from_db()
    assert session.state == SessionState.CLOSED
    assert page(client, president, "session_room", session.pk)["HX-Refresh"] == "true"


def test_secretary_notes_departures_mandates_and_guests(client, secretary, members):
    session = make_session(SessionState.OPEN, secretary=secretary, files=1, chair=members["dns"])
    seat_people(session, {code: members[code] for code in CODES[:5]})
    seats = {seat.code: seat.pk for seat in Seat.objects.all()}
    post(client, secretary, "mandate_give", session.pk, giver=seats["siege-9"], holder=seats["dns"])
    mandate = Mandate.objects.get()
    said = text(page(client, secretary, "session_detail", session.pk))
    assert "6 présents ou représentés sur 9" in said
    refused = post(client, secretary, "mandate_give", session.pk, giver=seats["siege-8"], holder=seats["dns"])
    assert "porte déjà un mandat" in text(refused)

    post(client, secretary, "guest_add", session.pk, name="Me Roux", quality="Avocate", point="")
    guest = Guest.objects.get()
    post(client, secretary, "guest_move", guest.pk, direction="in")
    assert "Dans la salle" in text(page(client, secretary, "session_detail", session.pk))
    post(client, secretary, "mandate_revoke", mandate.pk)

    attendance = session.attendances.get(seat__code="siege-4")
    left_at = timezone.localtime()
    post(client, secretary, "attendance_leave", attendance.pk, left_at=f"{left_at:%H:%M}")
    said = text(page(client, secretary, "session_detail", session.pk))
    assert "4 présents ou représentés sur 9" in said


def test_session_without_quorum_is_convoked_again(client, secretary, members):
    session = make_session(SessionState.OPEN, secretary=secretary, files=1, chair=members["dns"])
    assert "Constater l’absence de quorum" in text(page(client, secretary, "session_lack", session.pk))
    post(client, secretary, "session_lack", session.pk)
    said = text(page(client, secretary, "session_detail", session.pk))
    assert "Convoquer une seconde fois" in said

    day = timezone.localdate() + timedelta(days=10)
    asked = text(page(client, secretary, "session_convoke_again", session.pk))
    assert "sans condition de quorum" in asked
    post(client, secretary, "session_convoke_again", session.pk, day=f"{day:%d/%m/%Y}", hour="10:00", place="Salle 2")

    session.refresh_from_db()
    assert session.state == SessionState.RECONVOKED
    assert "Seconde convocation" in text(page(client, members["dns"], "session_detail", session.pk))


@pytest.mark.rule("A-30")
def test_president_adjourns(client, members):
    session = make_session(SessionState.OPEN, files=1, chair=members["dns"])
    clear(session, members["dns"])
    point = session.points.get()
    assert post(client, members["dns"], "point_adjourn", point.pk).status_code == 422

    post(client, members["dns"], "point_adjourn", point.pk, documents="Le rapport.")

    assert AgendaPoint.objects.get().outcome == PointOutcome.ADJOURNED
    assert "Sursis à statuer" in text(page(client, members["dns"], "session_detail", session.pk))


def test_receipts_are_kept_when_members_open_the_page(client, secretary, members):
    session = make_session(SessionState.PLANNED, secretary=secretary, files=1)
    convoke(session_id=session.pk, urgency_reason="", actor=secretary, at=timezone.now())
    page(client, members["siege-3"], "session_detail", session.pk)
    receipt = ConvocationReceipt.objects.get(person=members["siege-3"])
    assert receipt.consulted_at is not None

    today = timezone.localdate()
    post(client, secretary, "receipt_record", receipt.pk, received_on=f"{today:%d/%m/%Y}", proof="1A 234")
    assert "1A 234" in text(page(client, secretary, "session_detail", session.pk))


def test_planned_session_is_edited_reordered_and_cancelled(client, secretary):
    session = make_session(SessionState.PLANNED, secretary=secretary, files=2)
    first, second = session.points.in_order()
    post(client, secretary, "point_move", second.pk, direction="up")
    assert list(session.points.in_order()) == [second, first]

    referent = first.candidature.referent
    post(client, secretary, "point_rapporteur", first.pk, rapporteur=referent.pk)
    assert f"rapporteur : {referent.get_full_name()}" in text(page(client, secretary, "session_detail", session.pk))

    day = timezone.localdate() + timedelta(days=40)
    post(client, secretary, "session_update", session.pk, day=f"{day:%d/%m/%Y}", hour="9:00", place="Salle 9")
    session.refresh_from_db()
    assert timezone.localdate(session.held_at) == day

    assert post(client, secretary, "session_cancel", session.pk, reason="").status_code == 422
    post(client, secretary, "session_cancel", session.pk, reason="Grève.")
    session.refresh_from_db()
    assert session.state == SessionState.CANCELLED


def test_calendar_file_names_the_session_only(client, members):
    session = make_session(SessionState.CONVOKED, files=1)

    response = page(client, members["dns"], "session_calendar", session.pk)

    assert response["Content-Type"].startswith("text/calendar")
    body = response.content.decode()
    assert f"séance n° {session.number}" in body
    assert session.points.get().product_name not in body


def test_sessions_stand_in_the_calendar_feed_of_those_who_see_them(client, members, secretary):
    session = make_session(SessionState.CONVOKED, secretary=secretary, files=1)
    make_session(SessionState.PLANNED, secretary=secretary, place="Salle secrète")
    feed = reverse("candidature:calendar_feed", args=[write_token(open_feed(person=members["siege-3"]))])

    body = client.get(feed).content.decode()

    assert f"session-{session.pk}" in body.replace("\r\n ", "")
    assert "Commission de référencement" in body
    assert "Salle secrète" not in body
    assert session.points.get().product_name not in body
    assert {each.description for each in list_deadlines(secretary)} == {"Salle 1", "Salle secrète"}
    assert list_deadlines(make_agent(Role.LISTING_TEAM)) == []


def test_strangers_find_no_session(client, members):
    session = make_session(SessionState.CONVOKED)
    planned = make_session(SessionState.PLANNED)

    assert page(client, make_agent(Role.LISTING_TEAM), "session_detail", session.pk).status_code == 404
    assert page(client, members["dns"], "session_detail", planned.pk).status_code == 404
    assert page(client, make_agent(Role.LISTING_TEAM), "session_list").status_code == 403
