from django.urls import include, path

from referencing.enrolment.views import attach, ecoscore, exchange, review, sheet, systems, transfers
from referencing.enrolment.white_label.views import distributor, producer, third_party

app_name = "enrolment"

urlpatterns = [
    path("demarches/<slug:slug>/produits/", attach.product_choose, name="product_choose"),
    path("produits/<uuid:pk>/demarches/", attach.demarche_choose, name="demarche_choose"),
    path("produits/<uuid:pk>/demarches/<slug:slug>/", attach.product_attach, name="product_attach"),
    path("rattachements/<uuid:pk>/fiche/", sheet.sheet_detail, name="sheet_detail"),
    path("rattachements/<uuid:pk>/fiche/modifier/", sheet.sheet_edit, name="sheet_edit"),
    path("rattachements/<uuid:pk>/fiche/avancement/", sheet.sheet_progress_panel, name="sheet_progress_panel"),
    path("rattachements/<uuid:pk>/fiche/recapitulatif/", sheet.sheet_confirm, name="sheet_confirm"),
    path("rattachements/<uuid:pk>/fiche/transmettre/", sheet.sheet_submit, name="sheet_submit"),
    path("rattachements/<uuid:pk>/echanges/", exchange.exchange_scope, name="exchange_scope"),
    path("produits/<uuid:pk>/transmettre/", transfers.product_transfer, name="product_transfer"),
    path("transmissions/<uuid:transfer>/", transfers.transfer_detail, name="transfer_detail"),
    path("transmissions/<uuid:transfer>/annuler/", transfers.transfer_cancel, name="transfer_cancel"),
    path("rattachements/<uuid:pk>/systemes/", systems.os_exception_list, name="os_exception_list"),
    path("rattachements/<uuid:pk>/systemes/<uuid:exception>/", systems.os_exception_detail, name="os_exception_detail"),
    path(
        "rattachements/<uuid:pk>/systemes/<uuid:exception>/preuves/",
        systems.os_exception_deposit,
        name="os_exception_deposit",
    ),
    path(
        "rattachements/<uuid:pk>/systemes/<uuid:exception>/reprendre/",
        systems.os_exception_rework,
        name="os_exception_rework",
    ),
    path(
        "rattachements/<uuid:pk>/systemes/<uuid:exception>/abandonner/",
        systems.os_exception_drop,
        name="os_exception_drop",
    ),
    path("rattachements/<uuid:pk>/systemes/preuves/<uuid:file>/", systems.os_exception_file, name="os_exception_file"),
    path(
        "rattachements/<uuid:pk>/systemes/preuves/<uuid:file>/archiver/",
        systems.os_exception_archive,
        name="os_exception_archive",
    ),
    path("instruction/exceptions/", systems.os_exception_queue, name="os_exception_queue"),
    path("instruction/exceptions/<uuid:exception>/", systems.os_exception_review, name="os_exception_review"),
    path("rattachements/<uuid:pk>/ecoscore/", ecoscore.ecoscore_choose, name="ecoscore_choose"),
    path("rattachements/<uuid:pk>/solution/", distributor.solution_detail, name="solution_detail"),
    path("rattachements/<uuid:pk>/cas-nominal/", distributor.nominal_choose, name="nominal_choose"),
    path("rattachements/<uuid:pk>/distributeurs/", producer.distributor_list, name="distributor_list"),
    path("rattachements/<uuid:pk>/mandat/", third_party.mandate_detail, name="mandate_detail"),
    path("rattachements/<uuid:pk>/mandat/revoquer/", third_party.mandate_revoke, name="mandate_revoke"),
    path("rattachements/<uuid:pk>/mandat/<uuid:mandate>/", third_party.mandate_download, name="mandate_download"),
    path("instruction/fiches/<uuid:pk>/dissolution/", third_party.dissolution_record, name="dissolution_record"),
    path(
        "instruction/fiches/<uuid:pk>/dissolution/preuve/",
        third_party.dissolution_evidence,
        name="dissolution_evidence",
    ),
    path("demandes-de-rattachement/<uuid:pk>/", producer.attachment_detail, name="attachment_detail"),
    path("demandes-de-rattachement/<uuid:pk>/accepter/", producer.attachment_accept, name="attachment_accept"),
    path("demandes-de-rattachement/<uuid:pk>/refuser/", producer.attachment_refuse, name="attachment_refuse"),
    path("demandes-de-rattachement/<uuid:pk>/annuler/", producer.attachment_cancel, name="attachment_cancel"),
    path("demandes-de-rattachement/<uuid:pk>/fin/", producer.attachment_end, name="attachment_end"),
    path("instruction/fiches/", review.sheet_list, name="sheet_list"),
    path("instruction/fiches/<uuid:pk>/", review.sheet_review, name="sheet_review"),
    path("instruction/fiches/<uuid:pk>/correction/", review.sheet_request_changes, name="sheet_request_changes"),
    path("instruction/fiches/<uuid:pk>/refus/", review.sheet_reject, name="sheet_reject"),
    path("rattachements/<uuid:pk>/", include("referencing.enrolment.answering.urls")),
]
