"""Pages of points, votes, opinions, reservations and minutes: what each reader finds, and a whole examination clicked."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from convergence.accounts.enums import Role
from convergence.audit.models import AuditEntry
from referencing.candidature.content import find_files, load_criteria
from referencing.candidature.enums import CandidatureState
from referencing.commission.enums import OpinionKind, RecusalSource, ReservationState, SessionState
from referencing.commission.models import Note, Opinion, PreparedOpinion, Recusal, Reservation, Vote
from referencing.commission.services.minutes import sign_minutes
from referencing.commission.services.points import start_deliberation, start_examination
from referencing.commission.services.reading import prepare_opinion
from referencing.commission.services.sessions import close_session
from referencing.commission.services.voting import cast, close_vote, open_vote, record_voices, void_vote
from tests.commission.deliberation_factories import (
    CRITERION,
    give,
    in_days,
    make_scheduled,
    make_sitting,
    make_vote,
    reserve,
    vote_for,
)
from tests.commission.factories import CODES, add_point
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


def ask(client, person, name, *arguments, **data):
    client.force_login(person)
    return client.get(reverse(f"commission:{name}", args=arguments), data)


def post(client, person, name, *arguments, **data):
    client.force_login(person)
    return client.post(reverse(f"commission:{name}", args=arguments), data)


def recuse(sitting, code):
    Recusal.objects.create(
        candidature=sitting.candidature,
        person=sitting.members[code],
        source=RecusalSource.DECLARED,
        declared_at=timezone.now(),
    )


# -- the reading file


def test_a_member_reads_the_file_of_an_announced_session(client):
    sitting = make_sitting(state=SessionState.CONVOKED, is_concluded=True)
    page = ask(client, sitting.members["siege-4"], "point_detail", sitting.point.pk).content.decode()
    assert "Le service respecte les critères obligatoires." in page
    assert "Proposition de l’instruction" in page
    assert "Préparer votre avis" in page


@pytest.mark.rule("A-28", "BR-153")
def test_a_recused_member_gets_404_everywhere(client):
    sitting = make_sitting()
    vote = make_vote(sitting)
    recuse(sitting, "siege-4")
    member = sitting.members["siege-4"]
    for name in ("point_detail", "point_evidence", "point_room"):
        assert ask(client, member, name, sitting.point.pk).status_code == 404
    assert ask(client, member, "opinion_detail", sitting.candidature.pk).status_code == 404
    assert post(client, member, "point_note", sitting.point.pk, **{"note-text": "x"}).status_code == 404
    assert post(client, member, "vote_cast", vote.pk, "siege-4", **{"siege-4-choice": "favourable"}).status_code == 404


def test_members_read_nothing_before_the_session_is_announced_but_the_secretary_does(client):
    sitting = make_sitting(state=SessionState.PLANNED)
    assert ask(client, sitting.members["siege-4"], "point_detail", sitting.point.pk).status_code == 404
    assert ask(client, sitting.secretary, "point_detail", sitting.point.pk).status_code == 200


def test_a_note_is_read_by_its_author_alone(client):
    sitting = make_sitting(state=SessionState.CONVOKED)
    author, other = sitting.members["siege-4"], sitting.members["siege-5"]
    assert (
        post(client, author, "point_note", sitting.point.pk, **{"note-text": "Ma réserve secrète"}).status_code == 302
    )
    assert "Ma réserve secrète" in ask(client, author, "point_detail", sitting.point.pk).content.decode()
    for reader in (other, sitting.secretary):
        assert "Ma réserve secrète" not in ask(client, reader, "point_detail", sitting.point.pk).content.decode()
    post(client, author, "point_note", sitting.point.pk, **{"note-text": " "})
    assert not Note.objects.exists()


def test_a_prepared_opinion_is_read_by_others_once_the_examination_begins(client):
    sitting = make_sitting()
    author, other = sitting.members["siege-4"], sitting.members["siege-5"]
    data = {"prepared-kind": "favourable", "prepared-text": "Un service mûr"}
    assert post(client, author, "point_prepare", sitting.point.pk, **data).status_code == 302
    assert "Un service mûr" not in ask(client, other, "point_detail", sitting.point.pk).content.decode()
    start_examination(point_id=sitting.point.pk, actor=sitting.secretary)
    assert "Un service mûr" in ask(client, other, "point_detail", sitting.point.pk).content.decode()


def test_an_empty_prepared_opinion_is_refused_and_the_secretary_has_none(client):
    sitting = make_sitting()
    response = post(client, sitting.members["siege-4"], "point_prepare", sitting.point.pk, **{"prepared-text": ""})
    assert response.status_code == 422
    assert "Choisissez un avis, ou rédigez vos observations." in response.content.decode()
    assert (
        post(client, sitting.secretary, "point_prepare", sitting.point.pk, **{"prepared-text": "x"}).status_code == 403
    )
    assert not PreparedOpinion.objects.exists()


def evidence_of(candidature, *, is_encrypted):
    for criterion in load_criteria(candidature):
        for each in criterion.evidence:
            kept = find_files(candidature, [each.sha256]).get(each.sha256)
            if kept and (kept.passphrase_id is not None) == is_encrypted:
                return each.sha256
    return None


@pytest.mark.rule("BR-162")
def test_each_page_of_evidence_is_journalled_and_encrypted_ones_stay_closed(client):
    sitting = make_sitting(candidature=make_scheduled(is_concluded=True), state=SessionState.CONVOKED)
    member = sitting.members["siege-4"]
    plain = evidence_of(sitting.candidature, is_encrypted=False)
    page = ask(client, member, "point_evidence", sitting.point.pk, preuve=plain)
    assert f"/preuves/{plain}/1/" in page.content.decode()

    image = ask(client, member, "point_evidence_page", sitting.point.pk, plain, 1)

    assert (image.status_code, image["Content-Type"], image["Cache-Control"]) == (
        200,
        "image/png",
        "no-store, private",
    )
    entry = AuditEntry.objects.get(action="agendapoint.read_evidence")
    assert (entry.actor_id, entry.data["sha256"], entry.data["page"]) == (member.pk, plain, 1)
    assert ask(client, member, "point_evidence_page", sitting.point.pk, "0" * 64, 1).status_code == 404
    encrypted = evidence_of(sitting.candidature, is_encrypted=True)
    if encrypted:
        told = ask(client, member, "point_evidence", sitting.point.pk, preuve=encrypted).content.decode()
        assert "la commission ne l’ouvre pas" in told
        assert ask(client, member, "point_evidence_page", sitting.point.pk, encrypted, 1).status_code == 403
    assert AuditEntry.objects.filter(action="agendapoint.read_evidence").count() == 1


# -- a whole examination


def test_an_examination_is_run_from_the_page_and_voted_on_each_ones_device(client):
    sitting = make_sitting(present=CODES[:5])
    point, secretary = sitting.point.pk, sitting.secretary
    assert "Commencer l’examen" in ask(client, secretary, "point_room", point).content.decode()
    assert post(client, secretary, "point_examine", point).status_code == 302
    assert post(client, secretary, "point_deliberate", point).status_code == 302
    assert post(client, secretary, "vote_open", point, is_secret="0").status_code == 302
    vote = Vote.objects.get()
    for code in CODES[:5]:
        member = sitting.members[code]
        assert "Votre voix" in ask(client, member, "point_room", point).content.decode()
        data = {f"{code}-choice": "with_suspensive"}
        confirmation = post(client, member, "vote_cast", vote.pk, code, **data)
        assert "Confirmer cette voix" in confirmation.content.decode()
        assert vote.ballots.count() == CODES.index(code)
        assert post(client, member, "vote_cast", vote.pk, code, confirmed="1", **data).status_code == 302
    assert "Clore le scrutin" in ask(client, secretary, "vote_close", vote.pk).content.decode()
    assert post(client, secretary, "vote_close", vote.pk).status_code == 302
    page = ask(client, secretary, "opinion_give", point).content.decode()
    assert "Réserve n° 1" in page
    more = post(client, secretary, "opinion_give", point, action="add", reservations="1", reasons="Motifs saisis")
    assert "Réserve n° 2" in more.content.decode()
    assert "Motifs saisis" in more.content.decode()
    fewer = post(
        client,
        secretary,
        "opinion_give",
        point,
        **{"action": "remove:1", "reservations": "2", "reservations-1-text": "La seconde"},
    ).content.decode()
    assert "Réserve n° 2" not in fewer
    assert "La seconde" in fewer
    wrong = post(client, secretary, "opinion_give", point, action="give", reservations="1", reasons="")
    assert wrong.status_code == 422
    assert "Rédigez les motifs de l’avis." in wrong.content.decode()

    data = {
        "action": "give",
        "reasons": "Utile aux patients.",
        "reservations": "1",
        "reservations-0-text": "Publier la politique.",
        "reservations-0-criterion": CRITERION,
        "reservations-0-expected": "La politique.",
        "reservations-0-due_on": in_days(30).strftime("%d/%m/%Y"),
        "reservations-0-is_suspensive": "on",
    }
    asked = post(client, secretary, "opinion_give", point, **data).content.decode()
    assert "avec 1\u00a0réserve" in asked
    assert "Publier la politique." in asked
    assert not Opinion.objects.exists()

    given = post(client, secretary, "opinion_give", point, confirmed="1", **data)

    assert given.status_code == 302
    assert Opinion.objects.get().kind == "with_suspensive"
    sitting.candidature.refresh_from_db()
    assert sitting.candidature.state == CandidatureState.RESERVATIONS


@pytest.mark.rule("BR-151")
def test_the_page_says_why_no_vote_can_be_opened(client):
    sitting = make_sitting(present=CODES[:4])
    post(client, sitting.secretary, "point_examine", sitting.point.pk)
    post(client, sitting.secretary, "point_deliberate", sitting.point.pk)
    page = ask(client, sitting.secretary, "point_room", sitting.point.pk).content.decode()
    assert "Le quorum n’est pas atteint sur ce dossier" in page
    assert "Mettre aux voix" not in page
    refused = post(client, sitting.secretary, "vote_open", sitting.point.pk, is_secret="0")
    assert refused.status_code == 422


def test_a_member_sees_no_button_of_the_presidency(client):
    sitting = make_sitting()
    page = ask(client, sitting.members["siege-4"], "point_room", sitting.point.pk).content.decode()
    assert "Commencer l’examen" not in page
    assert post(client, sitting.members["siege-4"], "point_examine", sitting.point.pk).status_code == 403
    assert ask(client, sitting.members["siege-4"], "opinion_give", sitting.point.pk).status_code == 403


def test_a_secret_vote_shows_who_voted_and_never_what(client):
    sitting = make_sitting(present=CODES[:5])
    vote = make_vote(sitting, is_secret=True)
    for code in CODES[:5]:
        choice = "unfavourable" if code == "siege-4" else "favourable"
        cast(vote_id=vote.pk, seat=code, choice=choice, actor=sitting.members[code])
    during = ask(client, sitting.members["siege-5"], "point_room", sitting.point.pk).content.decode()
    assert during.count("A voté") == 5
    close_vote(vote_id=vote.pk, actor=sitting.secretary)
    after = ask(client, sitting.members["siege-5"], "point_room", sitting.point.pk).content.decode()
    table = after[after.index("Sièges et voix") :]
    assert "Défavorable" not in table
    assert table.count("A voté") == 5


def test_while_a_vote_is_open_nobody_reads_the_voices_of_others(client):
    sitting = make_sitting()
    vote = make_vote(sitting)
    cast(vote_id=vote.pk, seat="dns", choice="unfavourable", actor=sitting.chair)
    page = ask(client, sitting.secretary, "point_room", sitting.point.pk).content.decode()
    table = page[page.index("Sièges et voix") : page.index("</table>", page.index("Sièges et voix"))]
    assert "Défavorable" not in table
    assert "A voté" in table


def test_the_secretary_records_and_voids_from_the_page(client):
    sitting = make_sitting()
    vote = make_vote(sitting)
    page = ask(client, sitting.secretary, "point_room", sitting.point.pk).content.decode()
    assert "Relever les voix à main levée" in page
    data = {"choice-dns": "favourable", "choice-cnam": "abstention", "dissent-cnam": "on"}
    assert post(client, sitting.secretary, "vote_record", vote.pk, **data).status_code == 302
    assert vote.ballots.count() == 2
    assert post(client, sitting.secretary, "vote_void", vote.pk, reason="").status_code == 422
    assert post(client, sitting.secretary, "vote_void", vote.pk, reason="Erreur de relevé.").status_code == 302
    assert (
        "Annulé : Erreur de relevé." in ask(client, sitting.secretary, "point_room", sitting.point.pk).content.decode()
    )


def test_the_chair_decides_a_tie_from_the_page(client):
    sitting = make_sitting(present=CODES[:8])
    vote = make_vote(sitting, is_secret=True)
    for rank, code in enumerate(CODES[:8]):
        choice = "favourable" if rank % 2 else "unfavourable"
        cast(vote_id=vote.pk, seat=code, choice=choice, actor=sitting.members[code])
    close_vote(vote_id=vote.pk, actor=sitting.secretary)
    assert (
        "La présidence départage"
        in ask(client, sitting.members["siege-4"], "point_room", sitting.point.pk).content.decode()
    )
    assert "Départager les voix" in ask(client, sitting.chair, "point_room", sitting.point.pk).content.decode()
    assert post(client, sitting.chair, "vote_decide", vote.pk, choice="favourable").status_code == 302
    vote.refresh_from_db()
    assert (vote.result, vote.has_casting_vote) == ("favourable", True)


# -- opinions and reservations


@pytest.mark.rule("BR-162")
def test_the_editor_reads_the_opinion_and_never_the_votes(client):
    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE)
    page = ask(client, sitting.editor, "opinion_detail", sitting.candidature.pk).content.decode()
    assert "Favorable avec réserves suspensives" in page
    assert "Publier la politique de sauvegarde." in page
    assert "Avis de la commission" in page
    assert not any(member.last_name in page for member in sitting.members.values())
    for name in ("point_detail", "point_room"):
        assert ask(client, sitting.editor, name, sitting.point.pk).status_code == 404


def test_the_tab_of_the_file_leads_to_the_opinion(client):
    sitting = make_sitting()
    give(sitting, OpinionKind.FAVOURABLE)
    client.force_login(sitting.editor)
    page = client.get(reverse("candidature:candidature_detail", args=[sitting.candidature.pk])).content.decode()
    assert reverse("commission:opinion_detail", args=[sitting.candidature.pk]) in page


def test_the_secretary_transmits_after_confirming(client):
    sitting = make_sitting()
    give(sitting, OpinionKind.UNFAVOURABLE)
    page = ask(client, sitting.secretary, "opinion_detail", sitting.candidature.pk).content.decode()
    assert "Transmettre au ministre" in page
    asked = ask(client, sitting.secretary, "file_transmit", sitting.candidature.pk).content.decode()
    assert "ne pourra que refuser" in asked
    assert post(client, sitting.secretary, "file_transmit", sitting.candidature.pk).status_code == 302
    ministry = make_agent(Role.MINISTRY)
    assert ask(client, ministry, "opinion_detail", sitting.candidature.pk).status_code == 200
    assert ask(client, sitting.editor, "file_transmit", sitting.candidature.pk).status_code == 403


@pytest.mark.rule("BR-158")
def test_the_page_lists_what_bars_the_transmission(client):
    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE)
    page = ask(client, sitting.secretary, "opinion_detail", sitting.candidature.pk).content.decode()
    assert "La réserve suspensive n° 1 n’est pas levée." in page
    assert post(client, sitting.secretary, "file_transmit", sitting.candidature.pk).status_code == 422
    refused = post(client, sitting.secretary, "file_re_examine", sitting.candidature.pk, reason="Retard.")
    assert refused.status_code == 422
    Reservation.objects.update(due_on=in_days(-1))
    assert (
        "Représenter à la commission"
        in ask(client, sitting.secretary, "opinion_detail", sitting.candidature.pk).content.decode()
    )
    assert (
        post(client, sitting.secretary, "file_re_examine", sitting.candidature.pk, reason="Retard.").status_code == 302
    )


@pytest.mark.rule("A-30")
def test_a_reservation_is_answered_then_lifted_from_its_page(client):
    from tests.questionnaires.factories import pdf

    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE)
    reservation = Reservation.objects.get()
    page = ask(client, sitting.editor, "reservation_detail", reservation.pk).content.decode()
    assert "Répondre à la réserve" in page
    kept = post(
        client,
        sitting.editor,
        "reservation_detail",
        reservation.pk,
        action="deposit:zone",
        text="Début",
        file=pdf("p.pdf"),
    )
    assert kept.status_code == 302
    page = ask(client, sitting.editor, "reservation_detail", reservation.pk).content.decode()
    assert "Début" in page
    file = reservation.files.get()
    team = sitting.candidature.referent
    assert ask(client, team, "reservation_file", reservation.pk, file.pk).status_code == 404
    assert ask(client, sitting.editor, "reservation_file", reservation.pk, file.pk).status_code == 200
    asked = post(client, sitting.editor, "reservation_detail", reservation.pk, action="send", text="Voici.")
    assert "Envoyer la réponse" in asked.content.decode()
    sent = post(client, sitting.editor, "reservation_detail", reservation.pk, text="Voici.", confirmed="1")
    assert sent.status_code == 302
    assert ask(client, team, "reservation_file", reservation.pk, file.pk).status_code == 200
    assert post(client, team, "reservation_comment", reservation.pk, **{"comment-text": "Probant"}).status_code == 302
    assert "Probant" not in ask(client, sitting.editor, "reservation_detail", reservation.pk).content.decode()
    assert post(client, team, "reservation_decide", reservation.pk, decision="lift", note="").status_code == 422
    assert post(client, team, "reservation_decide", reservation.pk, decision="lift", note="Publiée.").status_code == 302
    reservation.refresh_from_db()
    assert reservation.state == ReservationState.LIFTED
    assert (
        post(client, sitting.editor, "reservation_decide", reservation.pk, decision="lift", note="x").status_code == 403
    )


def test_a_refused_file_keeps_the_text(client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE)
    reservation = Reservation.objects.get()
    refused = post(
        client,
        sitting.editor,
        "reservation_detail",
        reservation.pk,
        action="deposit:zone",
        text="Texte gardé",
        file=SimpleUploadedFile("outil.exe", b"MZ"),
    )
    assert refused.status_code == 422
    assert "Texte gardé" in refused.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_reservations_asks_as_many_queries_for_one_as_for_three(client, django_assert_num_queries, count):
    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_RESERVATIONS, [reserve(is_suspensive=False) for _ in range(count)])
    client.force_login(sitting.candidature.referent)
    client.get(reverse("commission:reservation_list"))
    with django_assert_num_queries(3):
        response = client.get(reverse("commission:reservation_list"))
    assert response.content.decode().count("critère A06.1.2") == count


def test_the_list_of_reservations_is_for_those_who_follow_them(client):
    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE)
    assert "1\u00a0réserve" in ask(client, sitting.secretary, "reservation_list").content.decode()
    assert "Aucune réserve" in ask(client, sitting.secretary, "reservation_list", etat="depassees").content.decode()
    assert ask(client, sitting.editor, "reservation_list").status_code == 403
    assert ask(client, make_agent(Role.MEMBER), "reservation_list").status_code == 403


# -- minutes


def test_minutes_are_written_signed_and_read_from_their_page(client):
    sitting = make_sitting()
    vote_for(sitting, "favourable")
    session = sitting.session.pk
    page = ask(client, sitting.secretary, "minutes_detail", session).content.decode()
    assert "Compléter le procès-verbal" in page
    assert ask(client, sitting.members["siege-4"], "minutes_detail", session).status_code == 404
    data = {"opening": "Ouverture.", f"point-{sitting.point.pk}": "Débat nourri.", "version": "1"}
    assert post(client, sitting.secretary, "minutes_detail", session, **data).status_code == 302
    stale = post(client, sitting.secretary, "minutes_detail", session, **{**data, "opening": "Autre ouverture."})
    assert stale.status_code == 409
    assert "Autre ouverture." in stale.content.decode()
    from referencing.commission.services.opinions import give_opinion

    give_opinion(point_id=sitting.point.pk, reasons="Motifs.", actor=sitting.secretary)
    close_session(session_id=session, actor=sitting.secretary, at=timezone.now())
    assert "Signer le procès-verbal" in ask(client, sitting.chair, "minutes_detail", session).content.decode()
    assert post(client, sitting.secretary, "minutes_sign", session, version="2").status_code == 403
    assert post(client, sitting.chair, "minutes_sign", session, version="1").status_code == 422
    assert post(client, sitting.chair, "minutes_sign", session, version="2").status_code == 302
    member = sitting.members["siege-4"]
    assert "Débat nourri." in ask(client, member, "minutes_detail", session).content.decode()
    document = ask(client, member, "minutes_download", session)
    assert document["Content-Type"] == "application/pdf"
    assert post(client, sitting.chair, "erratum_create", session, text="").status_code == 422
    assert post(client, sitting.chair, "erratum_create", session, text="Lire « nourri ».").status_code == 302
    assert ask(client, member, "erratum_download", session, 1).status_code == 200
    assert post(client, sitting.chair, "attendance_export", session).status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_minutes_being_written_cost_the_same(client, count, django_assert_num_queries):
    """For one point, one voice that asked for its dissent to be mentioned, and for three."""
    sitting = make_sitting()
    for _ in range(count - 1):
        file, _ = make_scheduled()
        add_point(sitting.session, file, by=sitting.secretary, outcome="postponed", ended_at=timezone.now())
    vote = make_vote(sitting)
    dissenting = CODES[6 : 6 + count]
    choices = {code: "unfavourable" if code in dissenting else "favourable" for code in CODES}
    record_voices(vote_id=vote.pk, choices=choices, dissents=dissenting, actor=sitting.secretary)
    close_vote(vote_id=vote.pk, actor=sitting.secretary)
    address = reverse("commission:minutes_detail", args=[sitting.session.pk])
    client.force_login(sitting.secretary)

    with django_assert_num_queries(11):
        page = client.get(address).content.decode()

    assert page.count("(défavorable)") == count
    assert page.count("Tour n° 1") == 1
    assert f"Point n° {count} :" in page
    client.force_login(sitting.members["cnam"])
    with django_assert_num_queries(12):  # two of them say whether whoever chaired knows every point
        client.get(address)


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_an_opinion_costs_the_same(client, count, django_assert_num_queries):
    sitting = make_sitting()
    give(sitting, OpinionKind.WITH_SUSPENSIVE, [reserve() for _ in range(count)])
    client.force_login(sitting.secretary)

    with django_assert_num_queries(7):
        page = client.get(reverse("commission:opinion_detail", args=[sitting.candidature.pk])).content.decode()

    assert page.count(CRITERION) == count


@pytest.mark.rule("A-28")
def test_a_recused_member_asks_for_an_extract_and_is_refused_the_document(client):
    sitting = make_sitting()
    give(sitting, OpinionKind.FAVOURABLE)
    recuse(sitting, "siege-4")
    session = sitting.session.pk
    close_session(session_id=session, actor=sitting.secretary, at=timezone.now())
    sign_minutes(session_id=session, base_version=1, actor=sitting.chair)
    post(client, sitting.chair, "erratum_create", session, text="Lire.", point=str(sitting.point.pk))
    member = sitting.members["siege-4"]
    page = ask(client, member, "minutes_detail", session).content.decode()
    assert sitting.point.product_name not in page
    assert "Demander mon extrait" in page
    assert ask(client, member, "minutes_download", session).status_code == 403
    assert ask(client, member, "erratum_download", session, 1).status_code == 404
    assert post(client, member, "minutes_extract", session).status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_a_vote_costs_the_same(client, count, django_assert_num_queries):
    """For one round and for three, with as many voices, prepared opinions and a rapporteur."""
    sitting = make_sitting()
    sitting.point.rapporteur = make_agent(Role.MEMBER)
    sitting.point.save(update_fields=["rapporteur"])
    prepare(sitting, CODES[:count])
    start_examination(point_id=sitting.point.pk, actor=sitting.secretary)
    start_deliberation(point_id=sitting.point.pk, has_rapporteur_left=True, actor=sitting.secretary)
    address = reverse("commission:point_room", args=[sitting.point.pk])
    client.force_login(sitting.secretary)
    with django_assert_num_queries(10):
        assert "Ouvrir le scrutin" in client.get(address).content.decode()
    for _ in range(count - 1):
        void_vote(vote_id=open_next(sitting).pk, reason="Erreur.", actor=sitting.secretary)
    vote = open_next(sitting)
    for code in CODES[:count]:
        cast(vote_id=vote.pk, seat=code, choice="favourable", actor=sitting.members[code])

    with django_assert_num_queries(11):
        page = client.get(address).content.decode()

    assert page.count("A voté") == count
    assert f"tour n° {count}" in page
    client.force_login(sitting.members["siege-9"])
    with django_assert_num_queries(11):
        assert "Votre voix" in client.get(address).content.decode()


def prepare(sitting, codes):
    for code in codes:
        prepare_opinion(point_id=sitting.point.pk, kind="favourable", text="", actor=sitting.members[code])


def open_next(sitting):
    return open_vote(point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary)


def test_page_of_a_tie_costs_what_the_vote_did(client, django_assert_num_queries):
    sitting = make_sitting()
    vote = make_vote(sitting)
    sides = dict(zip(CODES[1:], ["favourable", "unfavourable"] * 4, strict=True))
    record_voices(vote_id=vote.pk, choices={"dns": "abstention", **sides}, actor=sitting.secretary)
    close_vote(vote_id=vote.pk, actor=sitting.secretary)
    client.force_login(sitting.chair)

    with django_assert_num_queries(11):
        response = client.get(reverse("commission:point_room", args=[sitting.point.pk]))

    assert "Départager les voix" in response.content.decode()
