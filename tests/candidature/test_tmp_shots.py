from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse

from convergence.accounts.enums import Role, Theme
from convergence.jobs.models import Job
from convergence.jobs.services import run
from referencing.candidature.enums import CandidatureState
from referencing.candidature.models import *
from referencing.candidature.services import *
from referencing.candidature.services.admission import GivenAnswer
from tests.candidature.factories import make_candidature
from tests.dossier.factories import make_dossier
from tests.factories import make_agent
from tests.plugins.browser import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def build():
    try:
        call_command("load_parcours", verbosity=0)
        v = make_agent(Role.LISTING_TEAM)
        v.first_name = "Nadia"
        v.last_name = "Verif"
        v.save()
        out = []

        def session(u):
            c = Client()
            c.force_login(u)
            return c.cookies["sessionid"].value

        sv = session(v)
        a, _ = make_candidature(CandidatureState.ADMISSIBILITY, referent=v, name="Carnet de suivi Respire")
        org = a.enrolment.product.organisation
        org.verified_at = None
        org.save()
        answer_checklist(
            candidature_id=a.pk,
            answers={
                "description": GivenAnswer("yes"),
                "preuves-lisibles": GivenAnswer("no", "Le rapport d’audit n’a que la première page."),
            },
            actor=v,
        )
        out.append(("liste", sv, reverse("candidature:admissibility_detail", args=[a.pk])))
        out.append(("pieces", sv, reverse("candidature:pieces_ask", args=[a.pk])))
        out.append(("irrecevable", sv, reverse("candidature:candidature_declare_inadmissible", args=[a.pk])))
        out.append(("bloquants", sv, reverse("candidature:candidature_declare_admissible", args=[a.pk])))
        out.append(("synthese", sv, reverse("candidature:candidature_detail", args=[a.pk])))
        b, m = make_candidature(CandidatureState.ADMISSIBILITY, referent=v)
        declare_inadmissible(
            candidature_id=b.pk,
            reasons=["hors-champ"],
            text="Le service s’adresse aux seuls professionnels : sa page d’accueil exige un numéro RPPS.",
            delegation="Arrêté du 2 mars 2026",
            remedies="Recours gracieux dans les deux mois.",
            actor=v,
        )
        for j in Job.objects.filter(kind="candidature.issue"):
            run(job_id=j.pk)
        out.append(("decision-editeur", session(m), reverse("candidature:candidature_detail", args=[b.pk])))
        out.append(("decision-agent", sv, reverse("candidature:admissibility_detail", args=[b.pk])))
        e1 = make_agent(Role.EXPERT, Theme.INTEROPERABILITE)
        make_agent(Role.EXPERT, Theme.RGPD)
        make_agent(Role.EXPERT, Theme.ETHIQUE, has_declared=False)
        c, _ = make_candidature(referent=v, experts={"interoperabilite": e1})
        out.append(("experts", sv, reverse("candidature:expert_list", args=[c.pk])))
        d, dm = make_dossier()
        o = d.enrolment.product.organisation
        o.verified_at = None
        o.save()
        sd = session(dm)
        out.append(("preflight", sd, reverse("candidature:preflight_detail", args=[d.enrolment_id])))
        out.append(
            (
                "candidater",
                sd,
                reverse("candidature:candidature_apply", args=[d.enrolment_id]) + f"?dossier={d.reference}",
            )
        )
        out.append(("dossiers", sd, reverse("candidature:dossier_list", args=[d.enrolment_id])))
        for kind in ("irrecevabilite",):
            from evidence.services import read_bytes

            doc = IssuedDocument.objects.get(kind=kind)
            open("/tmp/shots/act.pdf", "wb").write(read_bytes(doc.file))
        from referencing.candidature.services.issuing import _acknowledgement

        b.acknowledgement = {
            "service": "Équipe de référencement",
            "contact": "referencement@operateur.example",
            "silence": "",
        }
        open("/tmp/shots/ack.pdf", "wb").write(_acknowledgement(b))
        return out
    finally:
        connections.close_all()


def test_shots(page, live_server, settings, tmp_path):
    settings.SIGNATURE_DIR = str(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        pages = pool.submit(build).result()
    for name, session, url in pages:
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page.goto(live_server.url + url)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)
            page.screenshot(path=f"/tmp/shots/{name}-{width}.png", full_page=True)
            over = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            print(name, width, "over", over, [str(v)[:300] for v in axe_violations(page)])
        page.set_viewport_size({"width": 320, "height": 900})
        print(
            name,
            320,
            page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"),
        )
