from django.urls import path

from referencing.commission.views import agenda, attendance, members, sessions

app_name = "commission"

urlpatterns = [
    # members and sessions
    path("", sessions.session_list, name="session_list"),
    path("membres/", members.member_list, name="member_list"),
    path("membres/sieges/<int:pk>/nommer/", members.term_create, name="term_create"),
    path("membres/mandats/<int:pk>/remplacer/", members.term_replace, name="term_replace"),
    path("membres/mandats/<int:pk>/terminer/", members.term_end, name="term_end"),
    path("seances/nouvelle/", sessions.session_create, name="session_create"),
    path("seances/<uuid:pk>/", sessions.session_detail, name="session_detail"),
    path("seances/<uuid:pk>/quorum/", attendance.session_room, name="session_room"),
    path("seances/<uuid:pk>/modifier/", sessions.session_update, name="session_update"),
    path("seances/<uuid:pk>/annuler/", sessions.session_cancel, name="session_cancel"),
    path("seances/<uuid:pk>/convoquer/", sessions.session_convoke, name="session_convoke"),
    path("seances/<uuid:pk>/seconde-convocation/", sessions.session_convoke_again, name="session_convoke_again"),
    path("seances/<uuid:pk>/agenda.ics", sessions.session_calendar, name="session_calendar"),
    path("seances/<uuid:pk>/ouvrir/", sessions.session_open, name="session_open"),
    path("seances/<uuid:pk>/clore/", sessions.session_close, name="session_close"),
    path("seances/<uuid:pk>/sans-quorum/", sessions.session_lack, name="session_lack"),
    path("seances/<uuid:pk>/ordre-du-jour/", agenda.agenda_add, name="agenda_add"),
    path("seances/<uuid:pk>/liens/", agenda.link_declare, name="link_declare"),
    path("seances/<uuid:pk>/deports/<int:recusal>/lever/", agenda.recusal_lift, name="recusal_lift"),
    path("seances/<uuid:pk>/arrivee/", attendance.attendance_record, name="attendance_record"),
    path("seances/<uuid:pk>/mandats/", attendance.mandate_give, name="mandate_give"),
    path("seances/<uuid:pk>/invites/", attendance.guest_add, name="guest_add"),
    path("presences/<int:pk>/depart/", attendance.attendance_leave, name="attendance_leave"),
    path("mandats/<int:pk>/retirer/", attendance.mandate_revoke, name="mandate_revoke"),
    path("invites/<int:pk>/deplacer/", attendance.guest_move, name="guest_move"),
    path("convocations/<uuid:pk>/", sessions.convocation_download, name="convocation_download"),
    path("convocations/receptions/<int:pk>/", sessions.receipt_record, name="receipt_record"),
    path("points/<uuid:pk>/deplacer/", agenda.point_move, name="point_move"),
    path("points/<uuid:pk>/rapporteur/", agenda.point_rapporteur, name="point_rapporteur"),
    path("points/<uuid:pk>/reporter/", agenda.point_postpone, name="point_postpone"),
    path("points/<uuid:pk>/surseoir/", agenda.point_adjourn, name="point_adjourn"),
]
