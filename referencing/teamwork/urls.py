from django.urls import include, path

from referencing.teamwork.views import criterion, delegation, presence, proposals, public, validation

app_name = "teamwork"

of_enrolment = [
    path("equipe/", delegation.delegation_list, name="delegation_list"),
    path("equipe/<uuid:delegation>/retirer/", delegation.delegation_end, name="delegation_end"),
    path("criteres/<str:criterion>/equipe/", criterion.criterion_team, name="criterion_team"),
    path("criteres/<str:criterion>/equipe/message/", criterion.message_post, name="message_post"),
    path("criteres/<str:criterion>/equipe/resolution/", criterion.conversation_settle, name="conversation_settle"),
    path("criteres/<str:criterion>/lien/", proposals.proposal_link_create, name="proposal_link_create"),
    path("liens/<uuid:link>/annuler/", proposals.proposal_link_revoke, name="proposal_link_revoke"),
    path("propositions/", proposals.proposal_list, name="proposal_list"),
    path("propositions/<uuid:proposal>/", proposals.proposal_detail, name="proposal_detail"),
    path("propositions/<uuid:proposal>/reprendre/", proposals.proposal_accept, name="proposal_accept"),
    path("propositions/<uuid:proposal>/refuser/", proposals.proposal_reject, name="proposal_reject"),
    path("propositions/<uuid:proposal>/fichiers/<uuid:file>/", proposals.proposal_file, name="proposal_file"),
    path("questionnaires/<slug:code>/presence/", presence.presence_say, name="presence_say"),
    path("questionnaires/<slug:code>/a-valider/", validation.validation_review, name="validation_review"),
]

urlpatterns = [
    path("a-valider/", validation.validation_list, name="validation_list"),
    path("proposer/<str:token>/", public.proposal_form, name="proposal_form"),
    path("rattachements/<uuid:pk>/", include(of_enrolment)),
]
