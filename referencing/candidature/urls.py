from django.urls import include, path

from referencing.candidature.views import (
    admission,
    annotating,
    applying,
    changes,
    conclusion,
    criterion,
    examination,
    experts,
    files,
    interests,
    letters,
    preflight,
    summary,
    themes,
    viewer,
)

app_name = "candidature"

#: The review workspace (BO-05).
EXAMINATION = [
    path("", examination.examination, name="examination"),
    path("<str:criterion>/", criterion.criterion_review, name="criterion_review"),
    path("<str:criterion>/presence/", criterion.criterion_presence, name="criterion_presence"),
    path("<str:criterion>/discussion/", annotating.discussion_open, name="discussion_open"),
    path("<str:criterion>/repere/", annotating.pin_add, name="pin_add"),
]

urlpatterns = [
    path("liens-interets/", interests.interest_list, name="interest_list"),
    path("liens-interets/declarer/", interests.interest_declare, name="interest_declare"),
    path("rattachements/<uuid:pk>/dossiers/", applying.dossier_list, name="dossier_list"),
    path("rattachements/<uuid:pk>/candidater/", applying.candidature_apply, name="candidature_apply"),
    path("dossiers/<uuid:pk>/", applying.dossier_detail, name="dossier_detail"),
    path("candidatures/<uuid:pk>/annuler/", applying.candidature_cancel, name="candidature_cancel"),
    path("candidatures/<uuid:pk>/retirer/", applying.candidature_withdraw, name="candidature_withdraw"),
    path("candidatures/", files.candidature_list, name="candidature_list"),
    path("candidatures/<uuid:pk>/", summary.candidature_detail, name="candidature_detail"),
    path("candidatures/<uuid:pk>/historique/", summary.candidature_history, name="candidature_history"),
    path("candidatures/<uuid:pk>/dossier/", summary.candidature_dossier, name="candidature_dossier"),
    path("candidatures/<uuid:pk>/changements/", changes.candidature_changes, name="candidature_changes"),
    path("candidatures/<uuid:pk>/changements/verdicts/", changes.verdicts_carry, name="verdicts_carry"),
    path("candidatures/<uuid:pk>/echanges/", letters.letter_list, name="letter_list"),
    path("candidatures/<uuid:pk>/echanges/message/", letters.letter_write, name="letter_write"),
    path("candidatures/<uuid:pk>/echanges/note/", letters.letter_note, name="letter_note"),
    path("candidatures/<uuid:pk>/echanges/courrier/", letters.letter_file_mail, name="letter_file_mail"),
    path("candidatures/<uuid:pk>/echanges/<uuid:letter>/repondu/", letters.letter_settle, name="letter_settle"),
    path(
        "candidatures/<uuid:pk>/echanges/pieces/<uuid:attachment>/",
        letters.letter_attachment,
        name="letter_attachment",
    ),
    path("candidatures/<uuid:pk>/prendre-en-charge/", files.candidature_take, name="candidature_take"),
    path("rattachements/<uuid:pk>/verifier-avant-de-candidater/", preflight.preflight_detail, name="preflight_detail"),
    path("candidatures/<uuid:pk>/recevabilite/", admission.admissibility_detail, name="admissibility_detail"),
    path("candidatures/<uuid:pk>/recevabilite/pieces/", admission.pieces_ask, name="pieces_ask"),
    path(
        "candidatures/<uuid:pk>/recevabilite/recevable/",
        admission.candidature_declare_admissible,
        name="candidature_declare_admissible",
    ),
    path(
        "candidatures/<uuid:pk>/recevabilite/irrecevable/",
        admission.candidature_declare_inadmissible,
        name="candidature_declare_inadmissible",
    ),
    path("candidatures/<uuid:pk>/experts/", experts.expert_list, name="expert_list"),
    path("candidatures/<uuid:pk>/documents/<slug:kind>/", admission.issued_document, name="issued_document"),
    path("candidatures/<uuid:pk>/conclusion/", conclusion.candidature_conclude, name="candidature_conclude"),
    path("candidatures/<uuid:pk>/conclusion/rouvrir/", conclusion.candidature_reopen, name="candidature_reopen"),
    path(
        "candidatures/<uuid:pk>/conclusion/pre-referencer/",
        conclusion.candidature_pre_list,
        name="candidature_pre_list",
    ),
    path(
        "candidatures/<uuid:pk>/conclusion/<int:number>/rapport/",
        conclusion.conclusion_export,
        name="conclusion_export",
    ),
    path("pre-referencements/", conclusion.pre_listing_list, name="pre_listing_list"),
    path("pre-referencements/<uuid:pk>/", conclusion.pre_listing_detail, name="pre_listing_detail"),
    path("pre-referencements/<uuid:pk>/<slug:step>/", conclusion.pre_listing_change, name="pre_listing_change"),
    path("candidatures/<uuid:pk>/examen/", include(EXAMINATION)),
    path("candidatures/<uuid:pk>/themes/<str:theme>/<slug:act>/", themes.theme_act, name="theme_act"),
    path(
        "candidatures/<uuid:pk>/discussions/<uuid:discussion>/repondre/",
        annotating.discussion_reply,
        name="discussion_reply",
    ),
    path(
        "candidatures/<uuid:pk>/discussions/<uuid:discussion>/<slug:move>/",
        annotating.discussion_move,
        name="discussion_move",
    ),
    path("candidatures/<uuid:pk>/reperes/<int:pin>/", annotating.pin_settle, name="pin_settle"),
    path("candidatures/<uuid:pk>/preuves/<str:sha256>/pages/<int:page>/", viewer.evidence_page, name="evidence_page"),
    path("candidatures/<uuid:pk>/preuves/<str:sha256>/original/", viewer.evidence_original, name="evidence_original"),
    path("candidatures/<uuid:pk>/compte-de-demonstration/", criterion.secrets_show, name="secrets_show"),
]
