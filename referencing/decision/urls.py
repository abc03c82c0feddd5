from django.urls import path

from referencing.decision.views import acts, conventions, drafts, remedies

app_name = "decision"

urlpatterns = [
    path("ministere/", drafts.decision_home, name="decision_home"),
    path("ministere/dossiers/<uuid:pk>/", drafts.draft_create, name="draft_create"),
    path("ministere/seances/<uuid:pk>/projets/", drafts.session_draft, name="session_draft"),
    path("ministere/signer/", drafts.decision_sign, name="decision_sign"),
    path("ministere/projets/<uuid:pk>/", drafts.draft_update, name="draft_update"),
    path("ministere/projets/<uuid:pk>/acte-signe/", drafts.decision_receive, name="decision_receive"),
    path("ministere/projets/<uuid:pk>/<slug:step>/", drafts.draft_step, name="draft_step"),
    path("candidatures/<uuid:pk>/decision/", acts.file_decision, name="file_decision"),
    path("decisions/", acts.decision_list, name="decision_list"),
    path("decisions/<uuid:pk>/", acts.decision_detail, name="decision_detail"),
    path("decisions/<uuid:pk>/prendre-connaissance/", acts.decision_open, name="decision_open"),
    path("decisions/<uuid:pk>/document/", acts.decision_document, name="decision_document"),
    path("decisions/<uuid:pk>/acte-d-origine/", acts.decision_original, name="decision_original"),
    path("decisions/<uuid:pk>/signature/", acts.decision_verify, name="decision_verify"),
    path("decisions/<uuid:pk>/preuve/", acts.decision_proof, name="decision_proof"),
    path("decisions/<uuid:pk>/lettre/", acts.letter_record, name="letter_record"),
    path("decisions/<uuid:pk>/recours/", remedies.appeal_lodge, name="appeal_lodge"),
    path("decisions/<uuid:pk>/affaires/", remedies.suit_record, name="suit_record"),
    path("decisions/<uuid:pk>/reprendre/", remedies.file_resume, name="file_resume"),
    path("recours/<uuid:pk>/", remedies.appeal_detail, name="appeal_detail"),
    path("recours/<uuid:pk>/retirer/", remedies.appeal_withdraw, name="appeal_withdraw"),
    path("recours/<uuid:pk>/piece/", remedies.appeal_document, name="appeal_document"),
    path("affaires/<uuid:pk>/", remedies.suit_detail, name="suit_detail"),
    path("affaires/<uuid:pk>/injonction/", remedies.injunction_execute, name="injunction_execute"),
    path("conventions/", conventions.convention_list, name="convention_list"),
    path("conventions/<uuid:pk>/", conventions.convention_detail, name="convention_detail"),
    path("conventions/<uuid:pk>/document/", conventions.convention_file, name="convention_file"),
    path("conventions/<uuid:pk>/annexe/", conventions.annex_send, name="annex_send"),
    path("conventions/<uuid:pk>/annexes/<int:number>/", conventions.annex_file, name="annex_file"),
]
