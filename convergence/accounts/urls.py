from django.urls import path

from convergence.accounts.views import account, invitations, members, organisations, support

app_name = "accounts"
urlpatterns = [
    path("compte/", account.account_detail, name="account_detail"),
    path("support/", support.support_list, name="support_list"),
    path("support/quitter/", support.support_stop, name="support_stop"),
    path("support/<uuid:person_id>/", support.support_start, name="support_start"),
    path("structures/", organisations.organisation_list, name="organisation_list"),
    path("structures/bienvenue/", organisations.welcome, name="welcome"),
    path("structures/choisir/", organisations.organisation_switch, name="organisation_switch"),
    path("structures/nouvelle/", organisations.organisation_create, name="organisation_create"),
    path(
        "structures/nouvelle/etrangere/",
        organisations.organisation_create_foreign,
        name="organisation_create_foreign",
    ),
    path("structures/rejoindre/", organisations.organisation_find, name="organisation_find"),
    path("structures/invitations/<str:token>/", invitations.invitation_detail, name="invitation_detail"),
    path("structures/<uuid:organisation_id>/", members.member_list, name="member_list"),
    path("structures/<uuid:organisation_id>/choisir/", organisations.organisation_choose, name="organisation_choose"),
    path("structures/<uuid:organisation_id>/rejoindre/", organisations.organisation_join, name="organisation_join"),
    path("structures/<uuid:organisation_id>/quitter/", members.organisation_leave, name="organisation_leave"),
    path("structures/<uuid:organisation_id>/membres/<int:membership_id>/", members.member_update, name="member_update"),
    path(
        "structures/<uuid:organisation_id>/membres/<int:membership_id>/retirer/",
        members.member_remove,
        name="member_remove",
    ),
    path(
        "structures/<uuid:organisation_id>/demandes/<int:membership_id>/accepter/",
        members.request_accept,
        name="request_accept",
    ),
    path(
        "structures/<uuid:organisation_id>/demandes/<int:membership_id>/refuser/",
        members.request_refuse,
        name="request_refuse",
    ),
    path("structures/<uuid:organisation_id>/inviter/", invitations.invitation_create, name="invitation_create"),
    path(
        "structures/<uuid:organisation_id>/invitations/<uuid:invitation_id>/renvoyer/",
        invitations.invitation_resend,
        name="invitation_resend",
    ),
    path(
        "structures/<uuid:organisation_id>/invitations/<uuid:invitation_id>/annuler/",
        invitations.invitation_revoke,
        name="invitation_revoke",
    ),
    path(
        "structures/<uuid:organisation_id>/invitations/<uuid:invitation_id>/accepter/",
        invitations.invitation_accept,
        name="invitation_accept",
    ),
]
