from django.urls import path

from referencing.commission.views import minutes, opinions, points, reservations, voting

app_name = "commission"

urlpatterns = [
    # points, votes, minutes, reservations
    path("points/<uuid:pk>/", points.point_detail, name="point_detail"),
    path("points/<uuid:pk>/note/", points.point_note, name="point_note"),
    path("points/<uuid:pk>/avis-prepare/", points.point_prepare, name="point_prepare"),
    path("points/<uuid:pk>/preuves/", points.point_evidence, name="point_evidence"),
    path(
        "points/<uuid:pk>/preuves/<str:sha256>/<int:page>/",
        points.point_evidence_page,
        name="point_evidence_page",
    ),
    path("points/<uuid:pk>/examen/", voting.point_room, name="point_room"),
    path("points/<uuid:pk>/examen/commencer/", voting.point_examine, name="point_examine"),
    path("points/<uuid:pk>/examen/deliberer/", voting.point_deliberate, name="point_deliberate"),
    path("points/<uuid:pk>/scrutin/", voting.vote_open, name="vote_open"),
    path("points/<uuid:pk>/avis/", voting.opinion_give, name="opinion_give"),
    path("scrutins/<uuid:pk>/voix/<slug:seat>/", voting.vote_cast, name="vote_cast"),
    path("scrutins/<uuid:pk>/releve/", voting.vote_record, name="vote_record"),
    path("scrutins/<uuid:pk>/clore/", voting.vote_close, name="vote_close"),
    path("scrutins/<uuid:pk>/annuler/", voting.vote_void, name="vote_void"),
    path("scrutins/<uuid:pk>/departager/", voting.vote_decide, name="vote_decide"),
    path("avis/<uuid:pk>/", opinions.opinion_detail, name="opinion_detail"),
    path("avis/<uuid:pk>/transmettre/", opinions.file_transmit, name="file_transmit"),
    path("avis/<uuid:pk>/reexaminer/", opinions.file_re_examine, name="file_re_examine"),
    path("reserves/", reservations.reservation_list, name="reservation_list"),
    path("reserves/<uuid:pk>/", reservations.reservation_detail, name="reservation_detail"),
    path("reserves/<uuid:pk>/decider/", reservations.reservation_decide, name="reservation_decide"),
    path("reserves/<uuid:pk>/avis-technique/", reservations.reservation_comment, name="reservation_comment"),
    path("reserves/<uuid:pk>/fichiers/<int:file>/", reservations.reservation_file, name="reservation_file"),
    path("seances/<uuid:pk>/proces-verbal/", minutes.minutes_detail, name="minutes_detail"),
    path("seances/<uuid:pk>/proces-verbal/signer/", minutes.minutes_sign, name="minutes_sign"),
    path("seances/<uuid:pk>/proces-verbal/document/", minutes.minutes_download, name="minutes_download"),
    path("seances/<uuid:pk>/proces-verbal/extrait/", minutes.minutes_extract, name="minutes_extract"),
    path("seances/<uuid:pk>/proces-verbal/errata/", minutes.erratum_create, name="erratum_create"),
    path(
        "seances/<uuid:pk>/proces-verbal/errata/<int:number>/",
        minutes.erratum_download,
        name="erratum_download",
    ),
    path("seances/<uuid:pk>/presence/", minutes.attendance_export, name="attendance_export"),
]
