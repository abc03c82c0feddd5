"""Minutes: told from what happened, signed once, corrected by errata, masked for whoever a link bars (A-28, A-29)."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from convergence.accounts.enums import Role
from convergence.documents.signatures import Status, verify_pdf
from convergence.kernel.errors import TransitionRefused
from evidence.services import read_bytes
from referencing.commission.core.minutes import mask_minutes
from referencing.commission.enums import Mode, OpinionKind, RecusalSource, SessionState
from referencing.commission.models import (
    Attendance,
    CommissionSession,
    Erratum,
    Guest,
    Mandate,
    Minutes,
    Recusal,
    Seat,
)
from referencing.commission.selectors.minutes import collect_minutes, content_for, load_reach
from referencing.commission.services.minutes import (
    StaleMinutes,
    add_erratum,
    begin_minutes,
    make_attendance_sheet,
    make_extract,
    sign_minutes,
    write_minutes,
)
from referencing.commission.services.sessions import close_session
from referencing.commission.services.voting import close_vote, open_vote, record_voices
from tests.commission.deliberation_factories import deliberate, give, make_scheduled, make_sitting
from tests.commission.factories import CODES, add_point
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

needs_pdfsig = pytest.mark.skipif(not shutil.which("pdfsig"), reason="pdfsig (poppler-utils) is not installed")


@pytest.fixture(autouse=True)
def _authority(settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)


@pytest.fixture
def held():
    """A session that gave an opinion with eight members and a mandate, one guest heard; still open."""
    sitting = make_sitting(present=CODES[:8])
    Mandate.objects.create(
        session=sitting.session,
        giver=Seat.objects.get(code="siege-9"),
        holder=Seat.objects.get(code="siege-4"),
        given_by=sitting.members["siege-9"],
        recorded_by=sitting.secretary,
        given_at=sitting.session.opened_at,
    )
    Guest.objects.create(
        session=sitting.session,
        point=sitting.point,
        name="Zoé Martin",
        quality="experte",
        entered_at=sitting.session.opened_at,
        left_at=timezone.now(),
    )
    give(sitting, OpinionKind.WITH_RESERVATIONS)
    return sitting


def close(sitting):
    close_session(session_id=sitting.session.pk, actor=sitting.secretary, at=timezone.now())
    sitting.session = CommissionSession.objects.get(pk=sitting.session.pk)
    return sitting


def sign(sitting, version=1):
    return sign_minutes(session_id=sitting.session.pk, base_version=version, actor=sitting.chair)


def recuse(sitting, code):
    Recusal.objects.create(
        candidature=sitting.candidature,
        person=sitting.members[code],
        source=RecusalSource.DECLARED,
        declared_at=timezone.now(),
    )
    return sitting.members[code]


def refused(service, **arguments):
    with pytest.raises(TransitionRefused) as refusal:
        service(**arguments)
    return [blocker.code for blocker in refusal.value.blockers]


@pytest.mark.rule("A-29")
def test_minutes_tell_members_mandates_guests_recusals_and_the_sense_of_each_vote():
    sitting = make_sitting(present=CODES[:8])
    recused = recuse(sitting, "siege-8")
    Attendance.objects.filter(seat__code="siege-7").update(mode=Mode.REMOTE)
    deliberate(sitting)
    vote = open_vote(point_id=sitting.point.pk, is_secret=False, actor=sitting.secretary)
    choices = dict.fromkeys(CODES[:6], "favourable") | {"siege-7": "unfavourable"}
    record_voices(vote_id=vote.pk, choices=choices, dissents={"siege-7", "dns"}, actor=sitting.secretary)
    close_vote(vote_id=vote.pk, actor=sitting.secretary)

    content = collect_minutes(sitting.session, {"opening": "Bonjour."})

    members = {row["seat"]: row for row in content["members"]}
    assert [row["seat"] for row in content["members"]] == [f"Siège {number}" for number in range(1, 10)]
    assert members["Siège 7"]["presence"][0]["mode"] == "À distance"
    assert (members["Siège 9"]["name"], members["Siège 9"]["presence"]) == (str(sitting.members["siege-9"]), [])
    assert members["Siège 1"]["capacity"] == "Titulaire"
    (point,) = content["points"]
    assert point["recusals"] == [str(recused)]
    (told,) = point["votes"]
    assert "Siège 8" not in told["present"]
    assert [row["voices"] for row in told["counts"]] == [6, 0, 0, 1]
    # whoever asked for a mention, and did not agree with the opinion
    assert told["dissents"] == [{"name": str(sitting.members["siege-7"]), "choice": "Défavorable"}]
    assert content["opening"] == "Bonjour."


def test_the_secretary_completes_and_nobody_overwrites(held):
    begin_minutes(session_id=held.session.pk, actor=held.secretary)
    arguments = {"session_id": held.session.pk, "actor": held.secretary}
    texts = {"opening": "La séance s’ouvre.", "points": {str(held.point.pk): "Débat.", "inconnu": "Rien."}}
    minutes = write_minutes(texts=texts, base_version=1, **arguments)
    assert minutes.version == 2
    assert minutes.texts["points"] == {str(held.point.pk): "Débat."}
    with pytest.raises(StaleMinutes) as stale:
        write_minutes(texts={"opening": "Autre."}, base_version=1, **arguments)
    assert stale.value.minutes.edited_by == held.secretary
    with pytest.raises(PermissionDenied):
        write_minutes(session_id=held.session.pk, texts={}, base_version=2, actor=held.chair)


def test_members_do_not_read_minutes_being_written(held):
    with pytest.raises(CommissionSession.DoesNotExist):
        begin_minutes(session_id=held.session.pk, actor=held.members["siege-4"])


def test_minutes_are_not_signed_before_the_session_is_closed(held):
    assert refused(sign_minutes, session_id=held.session.pk, base_version=1, actor=held.chair) == ["wrong_state"]


def test_only_the_chair_signs_and_only_what_was_read(held):
    close(held)
    for other in (held.members["cnam"], held.secretary):
        with pytest.raises(PermissionDenied):
            sign_minutes(session_id=held.session.pk, base_version=1, actor=other)
    write_minutes(session_id=held.session.pk, texts={"closing": "Fin."}, base_version=1, actor=held.secretary)
    with pytest.raises(StaleMinutes):
        sign(held, version=1)
    assert Minutes.objects.get().signed_at is None


@pytest.mark.rule("A-29")
def test_signed_minutes_are_signed_sealed_and_never_change(held):
    minutes = sign(close(held))

    document = read_bytes(minutes.document)
    answer = verify_pdf(document)
    assert answer.status is Status.INTACT
    assert answer.signatures[0].signer == held.chair.get_full_name()
    assert len(answer.signatures) == 2
    content = json.loads(bytes(minutes.payload))
    assert content["points"][0]["opinion"]["kind"] == "with_reservations"
    held.session.refresh_from_db()
    assert held.session.state == SessionState.MINUTES_APPROVED
    assert refused(write_minutes, session_id=held.session.pk, texts={}, base_version=1, actor=held.secretary) == [
        "signed"
    ]
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Minutes.objects.filter(pk=minutes.pk).update(texts={})
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        Minutes.objects.filter(pk=minutes.pk).delete()
    assert verify_pdf(read_bytes(minutes.attendance_sheet)).status is Status.INTACT


@needs_pdfsig
@pytest.mark.rule("A-29")
def test_poppler_verifies_the_signed_minutes(held, tmp_path):
    path = tmp_path / "pv.pdf"
    path.write_bytes(read_bytes(sign(close(held)).document))
    told = subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid.") == 2
    changed = bytearray(path.read_bytes())
    changed[changed.index(b"stream") + 20] ^= 1
    path.write_bytes(changed)
    told = subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." not in told


@pytest.mark.rule("A-29")
def test_an_erratum_is_signed_numbered_and_linked(held):
    minutes = sign(close(held))
    arguments = {"session_id": held.session.pk, "actor": held.chair}
    assert refused(add_erratum, text=" ", point_id=None, **arguments) == ["text"]

    first = add_erratum(text="Lire « six voix ».", point_id=held.point.pk, **arguments)
    second = add_erratum(text="Lire « 14 h ».", point_id=None, **arguments)

    assert [first.number, second.number] == [1, 2]
    assert minutes.sha256 in bytes(first.payload).decode()
    assert verify_pdf(read_bytes(first.document)).status is Status.INTACT
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Erratum.objects.filter(pk=first.pk).update(text="Autre")


def test_no_erratum_before_the_signature(held):
    told = refused(add_erratum, session_id=held.session.pk, text="Lire.", point_id=None, actor=held.chair)
    assert told == ["not_signed"]


@pytest.mark.rule("A-28")
def test_a_recused_member_reads_an_extract_without_a_trace_of_the_file(held):
    other, _ = make_scheduled()
    add_point(
        held.session,
        other,
        by=held.secretary,
        outcome="postponed",
        ended_at=timezone.now(),
        outcome_reason="Plus tard.",
    )
    member = recuse(held, "siege-8")
    minutes = sign(close(held))

    content = content_for(minutes, member)

    text = json.dumps(content, default=str)
    assert held.point.product_name not in text
    assert held.point.organisation_name not in text
    assert "Zoé Martin" not in text
    assert content["points"][0] == {"id": str(held.point.pk), "position": 1, "masked": True}
    assert not load_reach(held.session, member).is_whole
    extract = make_extract(minutes, content, at=timezone.now())
    assert verify_pdf(extract).status is Status.INTACT
    assert held.point.product_name not in text_of(extract)
    assert "Déport" in text_of(extract)


def text_of(document):
    from pypdfium2 import PdfDocument

    with PdfDocument(document) as pdf:
        return " ".join(page.get_textpage().get_text_bounded() for page in pdf)


@given(
    known=st.sets(st.sampled_from(["a", "b", "c"])),
    names=st.lists(st.text(min_size=9, max_size=12), min_size=3, max_size=3),
)
def test_an_extract_never_names_a_masked_point(known, names):
    secrets = [f"secret-{rank}-{name}" for rank, name in enumerate(names)]
    content = {
        "guests": [{"name": f"invité {secret}", "point_id": key} for key, secret in zip("abc", secrets, strict=True)],
        "points": [
            {"id": key, "position": rank, "product": secret, "votes": [secret]}
            for rank, (key, secret) in enumerate(zip("abc", secrets, strict=True))
        ],
    }
    text = str(mask_minutes(content, known=known))
    for key, secret in zip("abc", secrets, strict=True):
        assert (repr(secret)[1:-1] in text) == (key in known)


@pytest.mark.rule("A-29")
def test_the_attendance_sheet_says_who_came_and_names_no_file(held):
    text = text_of(make_attendance_sheet(held.session, at=timezone.now()))
    assert held.members["siege-4"].last_name in text
    assert "Absent" in text
    assert held.point.product_name not in text
    assert "Zoé Martin" not in text


def test_when_the_chair_is_recused_the_other_co_president_may_sign(held):
    recuse(held, "dns")
    close(held)
    sign_minutes(session_id=held.session.pk, base_version=1, actor=held.members["cnam"])
    assert Minutes.objects.get().signed_by == held.members["cnam"]


def test_strangers_find_no_minutes(held):
    sign(close(held))
    for stranger in (held.editor, make_agent(Role.LISTING_TEAM)):
        with pytest.raises(CommissionSession.DoesNotExist):
            begin_minutes(session_id=held.session.pk, actor=stranger)
