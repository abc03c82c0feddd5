"""From the validated fiche to the open orientation, through the pages only."""

import pytest
from django.urls import reverse

from questionnaires.enums import Status
from questionnaires.models import ORIENTATION
from referencing.convention.enums import ConventionState
from referencing.convention.models import Convention
from tests.convention.factories import SIGNER, TERMS, last_code, last_token, make_submitted
from tests.questionnaires.factories import row

pytestmark = pytest.mark.django_db


@pytest.mark.rule("BR-027", "BR-031", "BR-032", "A-04")
def test_walk_from_the_fiche_to_the_orientation(client, verifier, commit, mailoutbox):
    enrolment, editor = make_submitted()
    client.force_login(verifier)
    page = client.get(reverse("convention:sheet_validate", args=[enrolment.pk]))
    assert page.status_code == 200
    with commit():
        response = client.post(reverse("convention:sheet_validate", args=[enrolment.pk]))
    convention = Convention.objects.get(enrolment=enrolment)
    assert response.url == reverse("convention:convention_prepare", args=[convention.pk])

    client.force_login(editor)
    page = client.get(reverse("convention:convention_detail", args=[enrolment.pk])).content.decode()
    assert "En attente d’envoi de la convention par les vérificateurs MES" in page

    client.force_login(verifier)
    prepare = reverse("convention:convention_prepare", args=[convention.pk])
    assert client.get(prepare).status_code == 200
    response = client.post(prepare, TERMS)
    send = reverse("convention:convention_send", args=[convention.pk])
    assert response.url == send
    assert "Envoyer la convention" in client.get(send).content.decode()
    preview = client.get(reverse("convention:convention_preview", args=[convention.pk]))
    assert preview.content.startswith(b"%PDF-")
    assert "attachment" in preview["Content-Disposition"]
    with commit():
        assert client.post(send).status_code == 302

    client.force_login(editor)
    page = client.get(reverse("convention:convention_detail", args=[enrolment.pk])).content.decode()
    assert "Convention à signer" in page

    client.logout()
    token = last_token()
    page = client.get(reverse("convention:signing_detail", args=[token]))
    assert "Article 1. Objet" in page.content.decode()
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    document = client.get(reverse("convention:signing_document", args=[token]))
    assert b"".join(document.streaming_content).startswith(b"%PDF-")
    refused = client.post(reverse("convention:code_send", args=[token]), {})
    assert refused.status_code == 422
    assert "Cochez cette case" in refused.content.decode()
    with commit():
        response = client.post(reverse("convention:code_send", args=[token]), {"read": "on"})
    assert response.url == reverse("convention:convention_sign", args=[token])
    assert SIGNER in client.get(response.url).content.decode()
    with commit():
        response = client.post(response.url, {"code": last_code()})
    done = client.get(response.url).content.decode()
    assert "La convention est signée" in done
    copy = client.get(reverse("convention:signing_document", args=[token]))
    assert b"/ETSI.CAdES.detached" in b"".join(copy.streaming_content)

    client.force_login(verifier)
    assert "Accuser réception et valider" in client.get(prepare).content.decode()
    with commit():
        response = client.post(reverse("convention:convention_validate", args=[convention.pk]))
    assert response.status_code == 302
    convention.refresh_from_db()
    assert convention.state == ConventionState.VALIDATED
    assert row(enrolment.response, ORIENTATION).state == Status.TO_COMPLETE

    client.force_login(editor)
    page = client.get(reverse("convention:convention_detail", args=[enrolment.pk])).content.decode()
    assert "Votre convention a été validée" in page
    assert any(
        message.to == [editor.email] and "votre convention a été validée" in message.subject for message in mailoutbox
    )
