"""Who gets what, from every address of the URLconf. A method without a line answers 405 to everybody.

Columns, for an object of the members’ own organisation (or that belongs to who asks, for personal objects):

    anon   nobody logged in          other  mandataire of another organisation
    cont   contributeur              team   listing team
    val    contributeur who may validate    supp  support
    resp   contributeur responsible for the product    read  Cnam, ministry, auditor
    mgr    représentant, mandataire  expe   experts, commission, tests
                                     admin  administrator

`a/b` under `expe`: experts and commission get `a`, the tests team `b`; `a/b/c`: `c` is what its lead gets. A line may end
with `| secr pres memb`: what the secretary, the presidency and the members of the commission get instead.

A cell with commas gives one value per person of its column, in the order of `COLUMNS`.

`login` is a redirection to the login page, 302 one to another page. `object` is a name of `world.Side.objects`, then fixed
arguments. What members get for a foreign object is the column `other`, and a missing object looks the same.
"""

COLUMNS = {
    "anon": ("anonyme",),
    "cont": ("contributeur",),
    "val": ("valideur",),
    "resp": ("responsable",),
    "mgr": ("representant", "mandataire"),
    "other": ("etranger",),
    "team": ("listing_team",),
    "supp": ("support",),
    "read": ("cnam", "ministry", "auditor"),
    "expe": ("expert",),
    "tests": ("tests",),
    "lead": ("tests_lead",),
    "admin": ("admin",),
    "secr": ("secretary",),
    "pres": ("president",),
    "memb": ("member",),
}

TABLE = """
# address                               object                                   anon  cont  val   resp  mgr   other | team  supp  read  expe  admin
pages:dashboard                         -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
pages:parcours_detail                   parcours                            GET  200   200   200   200   200   200   | 200   200   200   200   200
pages:faq                               -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
pages:accessibility                     -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
ecoscore:methodology                    -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
ecoscore:faq                            -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
ecoscore:language                       -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
ecoscore:script_check                   -                                   POST login 200   200   200   200   200   | 200   200   200   200   200
trust:verification                      -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
trust:verification                      -                                   POST 422   422   422   422   422   422   | 422   422   422   422   422
statistics:statistics_detail            -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
statistics:statistics_export            -+form=csv                          GET  200   200   200   200   200   200   | 200   200   200   200   200
statistics:board_detail                 -                                   GET  login 403   403   403   403   403   | 200   403   403   403   403
pages:product_detail                    product                             GET  login 200   200   200   200   404   | 200   200   404   404   404
pages:product_pdf                       product                             GET  login 200   200   200   200   404   | 200   200   404   404   404
pages:job_detail                        job                                 GET  login 200   200   200   200   404   | 200   200   200   200   200
pages:job_download                      job                                 GET  login 200   200   200   200   404   | 200   200   200   200   200
pages:enrolment_detail                  ready                               GET  login 200   200   200   200   404   | 200   200   404   404   404
products:product_list                   -                                   GET  login 200   200   200   200   200   | 302   302   302   302   302
products:product_create                 -                                   GET  login 200   200   200   200   200   | 302   302   302   302   302
products:product_create                 -                                   POST login 422   422   422   422   422   | 302   302   302   302   302
products:product_create_confirm         -                                   GET  login 302   302   302   302   302   | 302   302   302   302   302
products:product_create_confirm         -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
products:product_update                 product                             GET  login 200   200   200   200   404   | 403   403   404   404   404
products:product_update                 product                             POST login 422   422   422   422   404   | 403   403   404   404   404
pages:demarche_detail                   demarche                            GET  login 200   200   200   200   200   | 200   200   200   200   200
enrolment:product_choose                demarche                            GET  login 200   200   200   200   200   | 302   302   302   302   302
enrolment:demarche_choose               product                             GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:product_attach                product+slug=referencement-guide    GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:product_attach                product+slug=referencement-guide    POST login 422   422   422   422   404   | 422   422   404   404   404
enrolment:sheet_detail                  draft                               GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:sheet_edit                    draft                               GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:sheet_edit                    draft                               POST login 422   422   422   422   404   | 403   403   404   404   404
enrolment:sheet_progress_panel          draft                               POST login 200   200   200   200   404   | 403   403   404   404   404
enrolment:sheet_confirm                 draft                               GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:sheet_submit                  draft                               GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:sheet_submit                  draft                               POST login 403   403   302   302   404   | 403   403   404   404   404
enrolment:exchange_scope                answering                           GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:exchange_scope                answering                           POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:answers_reuse                 answering                           GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:answers_reuse                 answering                           POST login 200   200   200   200   404   | 403   403   404   404   404
enrolment:product_transfer              product                             GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:product_transfer              product                             POST login 403   403   422   422   404   | 403   403   404   404   404
enrolment:transfer_detail               transfer                            GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:transfer_detail               transfer                            POST login 403   403   403   403   404   | 403   403   404   404   404
enrolment:transfer_cancel               transfer                            POST login 403   403   302   302   404   | 403   403   404   404   404
enrolment:os_exception_list             answering                           GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:os_exception_list             answering                           POST login 422   422   422   422   404   | 403   403   404   404   404
enrolment:os_exception_detail           os_exception                        GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:os_exception_detail           os_exception                        POST login 422   422   422   422   404   | 403   403   404   404   404
enrolment:os_exception_deposit          os_exception                        POST login 422   422   422   422   404   | 403   403   404   404   404
enrolment:os_exception_rework           os_exception                        POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:os_exception_drop             os_exception                        GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:os_exception_drop             os_exception                        POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:os_exception_file             os_exception_file                   GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:os_exception_archive          os_exception_file                   POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:os_exception_queue            -                                   GET  login 403   403   403   403   403   | 200   403   403   403   403
enrolment:os_exception_review           os_exception_asked                  GET  login 403   403   403   403   403   | 200   403   403   403   403
enrolment:os_exception_review           os_exception_asked                  POST login 403   403   403   403   403   | 422   403   403   403   403
enrolment:sheet_list                    -                                   GET  login 403   403   403   403   403   | 200   403   403   403   403
enrolment:sheet_review                  submitted                           GET  login 403   403   403   403   403   | 200   403   403   403   403
enrolment:sheet_request_changes         submitted                           GET  login 403   403   403   403   403   | 302   403   403   403   403
enrolment:sheet_request_changes         submitted                           POST login 403   403   403   403   403   | 422   403   403   403   403
enrolment:sheet_reject                  submitted                           GET  login 403   403   403   403   403   | 302   403   403   403   403
enrolment:sheet_reject                  submitted                           POST login 403   403   403   403   403   | 422   403   403   403   403
enrolment:solution_detail               distributing                             GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:solution_detail               distributing                             POST login 403   403   422   422   404   | 403   403   404   404   404
enrolment:nominal_choose                distributing                             GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:nominal_choose                distributing                             POST login 403   403   302   302   404   | 403   403   404   404   404
enrolment:distributor_list              producing                                GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:attachment_detail             demand                                   GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:attachment_accept             demand                                   GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:attachment_accept             demand                                   POST login 403   403   302   302   404   | 403   403   404   404   404
enrolment:attachment_refuse             demand                                   GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:attachment_refuse             demand                                   POST login 403   403   422   422   404   | 403   403   404   404   404
enrolment:attachment_cancel             own_demand                               GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:attachment_cancel             own_demand                               POST login 403   403   302   302   404   | 403   403   404   404   404
enrolment:attachment_end                attached                                 GET  login 403   403   200   200   404   | 403   403   404   404   404
enrolment:attachment_end                attached                                 POST login 403   403   422   422   404   | 403   403   404   404   404
ecoscore:application_list               measured_product                    GET  login 200   200   200   200   404   | 200   200   404   404   404
ecoscore:application_create             measured_product                    GET  login 200   200   200   200   404   | 403   403   404   404   404
ecoscore:application_create             measured_product                    POST login 422   422   422   422   404   | 403   403   404   404   404
ecoscore:application_detail             application                         GET  login 200   200   200   200   404   | 200   200   404   404   404
ecoscore:environment_check              application                         POST login 302   302   302   302   404   | 403   403   404   404   404
ecoscore:secret_list                    application                         GET  login 200   200   200   200   404   | 403   403   404   404   404
ecoscore:secret_list                    application                         POST login 422   422   422   422   404   | 403   403   404   404   404
ecoscore:measure_create                 application                         GET  login 200   200   200   200   404   | 403   403   404   404   404
ecoscore:measure_create                 application                         POST login 422   422   422   422   404   | 403   403   404   404   404
ecoscore:report_compare                 application                         GET  login 200   200   200   200   404   | 200   200   404   404   404
ecoscore:measure_detail                 measure_proved                      GET  login 200   200   200   200   404   | 200   200   404   404   404
ecoscore:scenario_edit                  measure_checked                     GET  login 200   200   200   200   404   | 403   403   404   404   404
ecoscore:scenario_edit                  measure_checked                     POST login 422   422   422   422   404   | 403   403   404   404   404
ecoscore:measure_debug                  measure_checked                     POST login 302   302   302   302   404   | 403   403   404   404   404
ecoscore:measure_queue                  measure_proved                      GET  login 200   200   200   200   404   | 403   403   404   404   404
ecoscore:measure_queue                  measure_proved                      POST login 302   302   302   302   404   | 403   403   404   404   404
ecoscore:measure_cancel                 measure_busy                        GET  login 200   200   200   200   404   | 403   403   404   404   404
ecoscore:measure_cancel                 measure_busy                        POST login 302   302   302   302   404   | 403   403   404   404   404
ecoscore:measure_publish                measure_final                       POST login 403   302   302   302   404   | 403   403   404   404   404
ecoscore:measure_withdraw               measure_published                   GET  login 302   200   200   200   404   | 403   403   404   404   404
ecoscore:measure_withdraw               measure_published                   POST login 403   302   302   302   404   | 403   403   404   404   404
ecoscore:screenshot_show                screenshot                          GET  login 200   200   200   200   404   | 200   200   404   404   404
ecoscore:report_detail                  ecoscore_result                     GET  login 200   200   200   200   404   | 200   200   404   404   404
ecoscore:report_pdf                     ecoscore_result                     GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:ecoscore_choose               answering                           GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:ecoscore_choose               answering                           POST login 422   422   422   422   404   | 403   403   404   404   404
enrolment:mandate_detail                distributing                             GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:mandate_detail                distributing                             POST login 403   403   422   422   404   | 403   403   404   404   404
enrolment:mandate_revoke                distributing                             GET  login 403   403   200   200   404   | 200   403   404   404   404
enrolment:mandate_revoke                distributing                             POST login 403   403   422   422   404   | 422   403   404   404   404
enrolment:mandate_download              third_party_mandate                                  GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:dissolution_record            dissolving                               GET  login 403   403   403   403   403   | 200   403   403   403   403
enrolment:dissolution_record            dissolving                               POST login 403   403   403   403   403   | 422   403   403   403   403
enrolment:dissolution_evidence          dissolved                                GET  login 403   403   403   403   403   | 200   403   403   403   403
listing:producer_review_close           producer_review                          GET  login 403   403   403   403   403   | 200   403   403   403   403
listing:producer_review_close           producer_review                          POST login 403   403   403   403   403   | 422   403   403   403   403
enrolment:questionnaire_list            answering                           GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:orientation_detail            answering                           GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:orientation_detail            answering                           POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:orientation_save              answering                           POST login 200   200   200   200   404   | 403   403   404   404   404
enrolment:orientation_confirm           answering                           GET  login 403   302   302   302   404   | 403   403   404   404   404
enrolment:orientation_confirm           answering                           POST login 403   302   302   302   404   | 403   403   404   404   404
enrolment:container_detail              answering                           GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:container_detail              answering                           POST login 200   200   200   200   404   | 403   403   404   404   404
enrolment:container_download            answering                           GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:evidence_archive              evidence                            GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:evidence_archive              evidence                            POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:evidence_download             evidence                            GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:evidence_confirm              single_evidence                     GET  login 200   200   200   200   404   | 403   403   404   404   404
enrolment:evidence_confirm              single_evidence                     POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:evidence_archived             answering+criterion=DEV.1.2         GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:evidence_template             answering+criterion=RGPD.1+evidence_type=aipd GET  login 404   404   404   404   404   | 404   404   404   404   404
enrolment:questionnaire_form            answering+code=ethique              GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:questionnaire_form            answering+code=ethique              POST login 302   302   302   302   404   | 403   403   404   404   404
enrolment:questionnaire_save            answering+code=ethique              POST login 200   200   200   200   404   | 403   403   404   404   404
enrolment:questionnaire_results         ready+code=ethique                  GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:results_export                ready+code=ethique                  GET  login 200   200   200   200   404   | 200   200   404   404   404
enrolment:validation_detail             ready+code=ethique+number=1         GET  login 200   200   200   200   404   | 200   200   404   404   404
teamwork:delegation_list                answering                           GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:delegation_list                answering                           POST login 422   422   422   422   404   | 404   404   404   404   404
teamwork:delegation_end                 team_part                           GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:delegation_end                 team_part                           POST login 302   302   302   302   404   | 404   404   404   404   404
teamwork:criterion_team                 answering+criterion=DEV.1.2         GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:message_post                   answering+criterion=DEV.1.2         POST login 422   422   422   422   404   | 404   404   404   404   404
teamwork:conversation_settle            answering+criterion=DEV.1.2         POST login 302   302   302   302   404   | 404   404   404   404   404
teamwork:proposal_link_create           answering+criterion=DEV.1.2         GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:proposal_link_create           answering+criterion=DEV.1.2         POST login 422   422   422   422   404   | 404   404   404   404   404
teamwork:proposal_link_revoke           team_link                           GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:proposal_link_revoke           team_link                           POST login 302   302   302   302   404   | 404   404   404   404   404
teamwork:proposal_list                  answering                           GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:proposal_detail                team_proposal                       GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:proposal_accept                team_proposal                       POST login 422   422   422   422   404   | 404   404   404   404   404
teamwork:proposal_reject                team_proposal                       POST login 422   422   422   422   404   | 404   404   404   404   404
teamwork:proposal_file                  team_file                           GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:presence_say                   answering+code=ethique              POST login 200   200   200   200   404   | 404   404   404   404   404
teamwork:validation_list                -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
teamwork:validation_review              answering+code=ethique              GET  login 200   200   200   200   404   | 404   404   404   404   404
teamwork:validation_review              answering+code=ethique              POST login 403   422   422   422   404   | 404   404   404   404   404
teamwork:proposal_form                  proposal_link                       GET  200   200   200   200   200   200   | 200   200   200   200   200
teamwork:proposal_form                  proposal_link                       POST 422   422   422   422   422   422   | 422   422   422   422   422
convention:convention_detail            signed                              GET  login 200   200   200   200   404   | 200   200   404   404   404
convention:convention_document          signed                              GET  login 200   200   200   200   404   | 200   200   404   404   404
convention:convention_verify            signed                              GET  login 200   200   200   200   404   | 200   200   404   404   404
convention:representative_change        to_sign                             GET  login 403   403   200   200   404   | 200   403   404   404   404
convention:representative_change        to_sign                             POST login 403   403   422   422   404   | 422   403   404   404   404
convention:sheet_validate               submitted                           GET  login 403   403   403   403   403   | 200   403   403   403   403
convention:sheet_validate               submitted                           POST login 403   403   403   403   403   | 302   403   403   403   403
convention:convention_list              -                                   GET  login 403   403   403   403   403   | 200   200   403   403   403
convention:convention_prepare           to_send_convention                  GET  login 403   403   403   403   403   | 200   200   403   403   403
convention:convention_prepare           to_send_convention                  POST login 403   403   403   403   403   | 422   403   403   403   403
convention:convention_preview           to_send_convention                  GET  login 403   403   403   403   403   | 200   403   403   403   403
convention:convention_send              to_send_convention                  GET  login 403   403   403   403   403   | 200   403   403   403   403
convention:convention_send              to_send_convention                  POST login 403   403   403   403   403   | 302   403   403   403   403
convention:convention_resend            to_sign_convention                  GET  login 403   403   403   403   403   | 200   403   403   403   403
convention:convention_resend            to_sign_convention                  POST login 403   403   403   403   403   | 302   403   403   403   403
convention:convention_validate          signed_convention                   GET  login 403   403   403   403   403   | 200   403   403   403   403
convention:convention_validate          signed_convention                   POST login 403   403   403   403   403   | 302   403   403   403   403
convention:signing_detail               to_sign_link                        GET  200   200   200   200   200   200   | 200   200   200   200   200
convention:signing_document             to_sign_link                        GET  200   200   200   200   200   200   | 200   200   200   200   200
convention:code_send                    to_sign_link                        GET  302   302   302   302   302   302   | 302   302   302   302   302
convention:code_send                    to_sign_link                        POST 422   422   422   422   422   422   | 422   422   422   422   422
convention:convention_sign              to_sign_link                        GET  302   302   302   302   302   302   | 302   302   302   302   302
convention:convention_sign              to_sign_link                        POST 422   422   422   422   422   422   | 422   422   422   422   422
convention:convention_refuse            to_sign_link                        GET  200   200   200   200   200   200   | 200   200   200   200   200
convention:convention_refuse            to_sign_link                        POST 422   422   422   422   422   422   | 422   422   422   422   422
convention:yousign_webhook              -                                   POST 404   404   404   404   404   404   | 404   404   404   404   404
dossier:dossier_generate                ready                               GET  login 200   200   200   200   404   | 200   200   404   404   404
dossier:dossier_generate                ready                               POST login 403   302   302   302   404   | 403   403   404   404   404
dossier:dossier_export                  ready_dossier+form=pdf              POST login 302   302   302   302   404   | 302   302   404   404   404
dossier:dossier_verify                  ready_dossier                       GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:dossier_list                ready                               GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_apply           ready                               GET  login 422   422   422   422   404   | 422   422   404   404   404
candidature:candidature_apply           ready                               POST login 422   422   422   422   404   | 422   422   404   404   404
candidature:dossier_detail              ready_dossier                       GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_cancel          applied_candidature                 GET  login 403   403   200   200   404   | 403   403   404   404   404
candidature:candidature_cancel          applied_candidature                 POST login 403   403   302   302   404   | 403   403   404   404   404
candidature:candidature_withdraw        taken_candidature                   GET  login 403   403   200   200   404   | 403   403   404   404   404
candidature:candidature_withdraw        taken_candidature                   POST login 403   403   302   302   404   | 403   403   404   404   404
candidature:interest_list               -                                   GET  login 403   403   403   403   403   | 200   200   200   200   200
candidature:interest_declare            -                                   GET  login 403   403   403   403   403   | 200   200   200   200   200
candidature:interest_declare            -                                   POST login 403   403   403   403   403   | 422   422   422   422   422
candidature:candidature_list            -                                   GET  login 403   403   403   403   403   | 200   200   200   200   200
candidature:queue_read                  -                                   POST login 403   403   403   403   403   | 302   302   302   302   302
candidature:queue_view_create           -                                   GET  login 403   403   403   403   403   | 200   200   200   200   200
candidature:queue_view_create           -                                   POST login 403   403   403   403   403   | 422   422   422   422   422
candidature:queue_view_update           queue_view                          GET  login 403   403   403   403   403   | 200   200   200   200   200
candidature:queue_view_update           queue_view                          POST login 403   403   403   403   403   | 422   302   302   302   302
candidature:queue_view_delete           queue_view                          GET  login 403   403   403   403   403   | 200   404   404   404   404
candidature:queue_view_delete           queue_view                          POST login 403   403   403   403   403   | 302   404   404   404   404
candidature:candidature_assign          -                                   POST login 403   403   403   403   403   | 422   403   403   403   403
candidature:workload_list               -                                   GET  login 403   403   403   403   403   | 200   200   403   403   403
candidature:workload_handover           agent                               GET  login 403   403   403   403   403   | 200   403   403   403   403
candidature:workload_handover           agent                               POST login 403   403   403   403   403   | 422   403   403   403   403
candidature:calendar_detail             -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
candidature:calendar_detail             -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
candidature:calendar_feed               -+token=inconnu                     GET  404   404   404   404   404   404   | 404   404   404   404   404
candidature:candidature_detail          applied_candidature                 GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_history         applied_candidature                 GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_dossier         applied_candidature                 GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_changes         evaluation_candidature              GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:verdicts_carry              evaluation_candidature              POST login 403   403   403   403   404   | 404   404   404   404   404
candidature:letter_list                 evaluation_candidature              GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:letter_write                evaluation_candidature              GET  login 200   200   200   200   404   | 200   403   404   404   404
candidature:letter_write                evaluation_candidature              POST login 422   422   422   422   404   | 422   403   404   404   404
candidature:letter_note                 evaluation_candidature              GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:letter_note                 evaluation_candidature              POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:letter_file_mail            evaluation_candidature              GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:letter_file_mail            evaluation_candidature              POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:letter_settle               letter                              POST login 403   403   403   403   404   | 302   403   404   404   404
candidature:letter_attachment           letter_attachment                   GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_take            applied_candidature                 GET  login 403   403   403   403   403   | 200   302   403   403   403
candidature:candidature_take            applied_candidature                 POST login 403   403   403   403   403   | 302   403   403   403   403
candidature:examination                 evaluation_candidature              GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:criterion_review            examined                            GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:criterion_review            examined                            POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:criterion_presence          examined                            POST login 403   403   403   403   404   | 200   200   404   404   404
candidature:discussion_open             examined                            POST login 422   422   422   422   404   | 422   403   404   404   404
candidature:discussion_reply            thread                              POST login 422   422   422   422   404   | 422   403   404   404   404
candidature:discussion_move             own_thread+move=resolve             POST login 302   302   302   302   404   | 302   403   404   404   404
candidature:pin_add                     examined                            POST login 403   403   403   403   404   | 404   403   404   404   404
candidature:pin_settle                  pin                                 POST login 403   403   403   403   404   | 302   403   404   404   404
candidature:evidence_page               frozen_page                         GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:evidence_original           frozen_evidence                     GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:secrets_show                evaluation_candidature              POST login 403   403   403   403   404   | 200   403   404   404   404
candidature:theme_act                   evaluation_candidature+theme=ethique+act=conclure GET login 403 403 403 403 404 | 200   403   404   404   404
candidature:theme_act                   evaluation_candidature+theme=ethique+act=conclure POST login 403 403 403 403 404 | 422  403   404   404   404
candidature:request_list                evaluation_candidature              GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:request_create              evaluation_candidature              GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:request_create              evaluation_candidature              POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:request_detail              asked                               GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:request_detail              asked                               POST login 302   302   302   302   404   | 403   403   404   404   404
candidature:request_save                asked                               POST login 200   200   200   200   404   | 403   403   404   404   404
candidature:request_send                asked                               GET  login 302   302   200   200   404   | 403   403   404   404   404
candidature:request_send                asked                               POST login 302   302   422   422   404   | 403   403   404   404   404
candidature:request_withdraw            asked                               GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:request_withdraw            asked                               POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:request_remind              asked                               GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:request_remind              asked                               POST login 403   403   403   403   404   | 302   403   404   404   404
candidature:request_formal_reminder     asked                               GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:request_formal_reminder     asked                               POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:extension_ask               asked                               GET  login 403   403   200   200   404   | 403   403   404   404   404
candidature:extension_ask               asked                               POST login 403   403   422   422   404   | 403   403   404   404   404
candidature:extension_decide            asked                               GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:extension_decide            asked                               POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:non_conformity_create       evaluation_candidature              GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:non_conformity_create       evaluation_candidature              POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:non_conformity_detail       gap                                 GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:non_conformity_detail       gap                                 POST login 302   302   302   302   404   | 403   403   404   404   404
candidature:non_conformity_save         gap                                 POST login 200   200   200   200   404   | 403   403   404   404   404
candidature:non_conformity_send         gap                                 GET  login 302   302   200   200   404   | 403   403   404   404   404
candidature:non_conformity_send         gap                                 POST login 302   302   422   422   404   | 403   403   404   404   404
candidature:non_conformity_decide       gap                                 POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:answer_file                 answer_file                         GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:addendum_detail             addendum                            GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:addendum_export             addendum                            POST login 302   302   302   302   404   | 302   302   404   404   404
candidature:addendum_source             addendum+form=json                  GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:addendum_file               addendum_file                       GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:scope_reduce                evaluation_candidature              GET  login 403   403   200   200   404   | 403   403   404   404   404
candidature:scope_reduce                evaluation_candidature              POST login 403   403   422   422   404   | 403   403   404   404   404
candidature:candidature_lapse           evaluation_candidature              GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:candidature_lapse           evaluation_candidature              POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:preflight_detail            ready                                    GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:admissibility_detail        taken_candidature                        GET  login 403   403   403   403   404   | 200   200   404   404   404
candidature:admissibility_detail        taken_candidature                        POST login 403   403   403   403   404   | 302   403   404   404   404
candidature:candidature_declare_admissible taken_candidature                        GET  login 403   403   403   403   404   | 422   403   404   404   404
candidature:candidature_declare_admissible taken_candidature                        POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:candidature_declare_inadmissible taken_candidature                        GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:candidature_declare_inadmissible taken_candidature                        POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:expert_list                 evaluation_candidature                   GET  login 403   403   403   403   404   | 200   200   404   404   404
candidature:expert_list                 evaluation_candidature                   POST login 403   403   403   403   404   | 302   403   404   404   404
candidature:issued_document             taken_candidature+kind=accuse-de-reception GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:candidature_conclude        evaluation_candidature              GET  login 403   403   403   403   404   | 200   200   404   404   404
candidature:candidature_conclude        evaluation_candidature              POST login 403   403   403   403   404   | 422   422   404   404   404
candidature:candidature_reopen          ready_commission_candidature        POST login 403   403   403   403   404   | 422   422   404   404   404
candidature:candidature_pre_list        evaluation_candidature              POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:conclusion_export           conclusion                          POST login 403   403   403   403   404   | 302   302   404   404   404
candidature:producer_question_create    recovered_unasked                   GET  login 403   403   403   403   404   | 200   403   404   404   404
candidature:producer_question_create    recovered_unasked                   POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:producer_question_detail    producer_question                   GET  login 404   404   404   404   404   | 200   200   404   404   404
candidature:producer_question_act       producer_question+act=retirer       GET  login 404   404   404   404   404   | 200   403   404   404   404
candidature:producer_question_act       producer_question+act=retirer       POST login 404   404   404   404   404   | 422   403   404   404   404
candidature:producer_remind             producer_question                   GET  login 404   404   404   404   404   | 200   403   404   404   404
candidature:producer_remind             producer_question                   POST login 404   404   404   404   404   | 302   403   404   404   404
candidature:producer_delay_decide       producer_question                   GET  login 404   404   404   404   404   | 200   403   404   404   404
candidature:producer_delay_decide       producer_question                   POST login 404   404   404   404   404   | 422   403   404   404   404
candidature:own_answer_choose           recovered_criterion                 GET  login 403   403   200   200   404   | 404   404   404   404   404
candidature:own_answer_choose           recovered_criterion                 POST login 403   403   302   302   404   | 404   404   404   404   404
candidature:producer_question_list      -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
candidature:producer_answer_form        solution_asked                      GET  login 200   200   200   200   404   | 404   404   404   404   404
candidature:producer_answer_form        solution_asked                      POST login 302   302   302   302   404   | 404   404   404   404   404
candidature:producer_answer_send        solution_asked                      GET  login 302   302   200   200   404   | 404   404   404   404   404
candidature:producer_answer_send        solution_asked                      POST login 302   302   422   422   404   | 404   404   404   404   404
candidature:producer_file               solution_file                       GET  login 200   200   200   200   404   | 404   404   404   404   404
candidature:producer_delay_ask          solution_delay                      GET  login 403   403   200   200   404   | 404   404   404   404   404
candidature:producer_delay_ask          solution_delay                      POST login 403   403   422   422   404   | 404   404   404   404   404
candidature:pre_listing_map             pre_listing                         GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:pre_listing_list            -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
candidature:pre_listing_detail          pre_listing                         GET  login 200   200   200   200   404   | 200   200   404   404   404
candidature:pre_listing_change          pre_listing+step=suspend            GET  login 302   302   302   302   404   | 200   302   404   404   404
candidature:pre_listing_change          pre_listing+step=suspend            POST login 403   403   403   403   404   | 422   403   404   404   404
candidature:campaign_list               -                                           GET  login 403   403   403   403   403   | 200   200   403   403/200     403
candidature:campaign_detail             tested                                      GET  login 200   200   200   200   404   | 200   200   404   404/200     404
candidature:campaign_reopen             failed_tests                                GET  login 403   403   403   403   404   | 403   403   404   404/200     404
candidature:campaign_reopen             failed_tests                                POST login 403   403   403   403   404   | 403   403   404   404/422     404
candidature:unit_declare                campaign_opened                             GET  login 200   200   200   200   404   | 403   403   404   404/403     404
candidature:unit_declare                campaign_opened                             POST login 302   302   302   302   404   | 403   403   404   404/403     404
candidature:keys_send                   campaign_opened                             GET  login 403   403   403   403   404   | 403   403   404   404/200     404
candidature:keys_send                   campaign_opened                             POST login 403   403   403   403   404   | 403   403   404   404/422     404
candidature:coach_assign                campaign_opened                             GET  login 403   403   403   403   404   | 403   403   404   404/200     404
candidature:coach_assign                campaign_opened                             POST login 403   403   403   403   404   | 403   403   404   404/422     404
candidature:workbook_detail             campaign_running                            GET  login 200   200   200   200   404   | 200   200   404   404/200     404
candidature:workbook_detail             campaign_running                            POST login 302   302   302   302   404   | 403   403   404   404/422     404
candidature:workbook_save               campaign_running                            POST login 200   200   200   200   404   | 403   403   404   404/422     404
candidature:workbook_export             campaign_running                            GET  login 200   200   200   200   404   | 200   200   404   404/200     404
candidature:workbook_import             campaign_running                            GET  login 200   200   200   200   404   | 403   403   404   404/302     404
candidature:workbook_import             campaign_running                            POST login 422   422   422   422   404   | 403   403   404   404/302     404
candidature:test_file_download          test_file                                   GET  login 200   200   200   200   404   | 200   200   404   404/200     404
candidature:acceptance_submit           campaign_running                            GET  login 403   403   200   200   404   | 403   403   404   404/403     404
candidature:acceptance_submit           campaign_running                            POST login 403   403   422   422   404   | 403   403   404   404/403     404
candidature:acceptance_send_back        campaign_submitted                          GET  login 403   403   403   403   404   | 403   403   404   404/200     404
candidature:acceptance_send_back        campaign_submitted                          POST login 403   403   403   403   404   | 403   403   404   404/422     404
candidature:acceptance_accept           campaign_submitted                          GET  login 403   403   403   403   404   | 403   403   404   404/200     404
candidature:acceptance_accept           campaign_submitted                          POST login 403   403   403   403   404   | 403   403   404   404/422     404
candidature:slot_propose                campaign_planned                            GET  login 200   200   200   200   404   | 403   403   404   404/200     404
candidature:slot_propose                campaign_planned                            POST login 422   422   422   422   404   | 403   403   404   404/422     404
candidature:slot_book                   proposed_slot                               POST login 302   302   302   302   404   | 403   403   404   404/422     404
candidature:slot_cancel                 proposed_slot                               GET  login 200   200   200   200   404   | 403   403   404   404/200     404
candidature:slot_cancel                 proposed_slot                               POST login 422   422   422   422   404   | 403   403   404   404/422     404
candidature:slot_calendar               booked_slot                                 GET  login 200   200   200   200   404   | 200   200   404   404/200     404
candidature:connection_start            campaign_planned                            GET  login 403   403   403   403   404   | 403   403   404   404/200     404
candidature:connection_start            campaign_planned                            POST login 403   403   403   403   404   | 403   403   404   404/422     404
candidature:line_dispute                campaign_disputed+code=APP-05               GET  login 403   403   200   200   404   | 403   403   404   404/403     404
candidature:line_dispute                campaign_disputed+code=APP-05               POST login 403   403   422   422   404   | 403   403   404   404/403     404
candidature:dispute_judge               dispute                                     GET  login 403   403   403   403   404   | 403   403   404   404/403/200 404
candidature:dispute_judge               dispute                                     POST login 403   403   403   403   404   | 403   403   404   404/403/422 404
candidature:campaign_complete           campaign_disputed                           GET  login 403   403   403   403   404   | 403   403   404   404/302     404
candidature:campaign_complete           campaign_disputed                           POST login 403   403   403   403   404   | 403   403   404   404/302     404
candidature:campaign_fail               campaign_running                            GET  login 403   403   403   403   404   | 403   403   404   404/403/200 404
candidature:campaign_fail               campaign_running                            POST login 403   403   403   403   404   | 403   403   404   404/403/422 404
candidature:campaign_cancel             campaign_running                            GET  login 403   403   403   403   404   | 403   403   404   404/403/200 404
candidature:campaign_cancel             campaign_running                            POST login 403   403   403   403   404   | 403   403   404   404/403/422 404
commission:session_list                 -                        GET  login 403   403   403   403   403   | 403   403   403   403   403   | 200   200   200
commission:member_list                  -                        GET  login 403   403   403   403   403   | 403   403   403   403   403   | 200   200   200
commission:term_create                  commission_seat          GET  login 403   403   403   403   403   | 403   403   403   403   403   | 200   403   403
commission:term_create                  commission_seat          POST login 403   403   403   403   403   | 403   403   403   403   403   | 422   403   403
commission:term_replace                 commission_term          GET  login 403   403   403   403   403   | 403   403   403   403   403   | 200   403   403
commission:term_replace                 commission_term          POST login 403   403   403   403   403   | 403   403   403   403   403   | 422   403   403
commission:term_end                     commission_term          GET  login 403   403   403   403   403   | 403   403   403   403   403   | 200   403   403
commission:term_end                     commission_term          POST login 403   403   403   403   403   | 403   403   403   403   403   | 422   403   403
commission:session_create               -                        GET  login 403   403   403   403   403   | 403   403   403   403   403   | 200   403   403
commission:session_create               -                        POST login 403   403   403   403   403   | 403   403   403   403   403   | 422   403   403
commission:session_detail               convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:session_room                 open_session             GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:session_update               convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   403   403
commission:session_update               convoked_session         POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:session_cancel               convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   403   403
commission:session_cancel               convoked_session         POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:session_convoke              planned_session          GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   404   404
commission:session_convoke              planned_session          POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   404   404
commission:session_convoke_again        session_without_quorum   GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   403   403
commission:session_convoke_again        session_without_quorum   POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:session_calendar             convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:session_open                 convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:session_open                 convoked_session         POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:session_close                open_session             GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:session_close                open_session             POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:session_lack                 open_session             GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:session_lack                 open_session             POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   302   403
commission:agenda_add                   planned_session          GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   404   404
commission:agenda_add                   planned_session          POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   404   404
commission:link_declare                 convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 403   200   200
commission:link_declare                 convoked_session         POST login 404   404   404   404   404   | 404   404   404   404   404   | 403   422   422
commission:recusal_lift                 declared_recusal         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   403   403
commission:recusal_lift                 declared_recusal         POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:attendance_record            open_session             GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:attendance_record            open_session             POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:attendance_leave             attendance               GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:attendance_leave             attendance               POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:mandate_give                 convoked_session         GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:mandate_give                 convoked_session         POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   422
commission:mandate_revoke               mandate                  POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   403   302
commission:guest_add                    open_session             GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:guest_add                    open_session             POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:guest_move                   guest                    POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   302   403
commission:convocation_download         convocation              GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:receipt_record               receipt                  GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   403   403
commission:receipt_record               receipt                  POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:point_move                   planned_point            POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   404   404
commission:point_rapporteur             convoked_point           GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   403   403
commission:point_rapporteur             convoked_point           POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   403   403
commission:point_postpone               convoked_point           GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:point_postpone               convoked_point           POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:point_adjourn                open_point               GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:point_adjourn                open_point               POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:point_detail                open_point               GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:point_note                  open_point               POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   302   302
commission:point_prepare               open_point               POST login 404   404   404   404   404   | 404   404   404   404   404   | 403   422   422
commission:point_evidence              open_point               GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:point_evidence_page         open_point+sha256=inconnu+page=1 GET  login 404   404   404   404   404   | 404   404   404   404   404   | 404   404   404
commission:point_room                  open_point               GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:point_examine               open_point               POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   302   403
commission:point_deliberate            open_point               POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:vote_open                   open_point               POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:opinion_give                decided_point            GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:opinion_give                decided_point            POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:vote_cast                   open_vote+seat=dns       POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   422
commission:vote_record                 open_vote                POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:vote_close                  open_vote                GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   403
commission:vote_close                  open_vote                POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:vote_void                   open_vote                POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   403
commission:vote_decide                 tied_vote                POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   422   422
commission:minutes_detail              signed_session           GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:minutes_detail              signed_session           POST login 404   404   404   404   404   | 404   404   404   404   404   | 422   403   403
commission:minutes_sign                signed_session           GET  login 404   404   404   404   404   | 404   404   404   404   404   | 403   200   403
commission:minutes_sign                signed_session           POST login 404   404   404   404   404   | 404   404   404   404   404   | 403   422   403
commission:minutes_download            signed_session           GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:minutes_extract             signed_session           POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   302   302
commission:erratum_create              signed_session           GET  login 404   404   404   404   404   | 404   404   404   404   404   | 403   200   403
commission:erratum_create              signed_session           POST login 404   404   404   404   404   | 404   404   404   404   404   | 403   422   403
commission:erratum_download            signed_session+number=1  GET  login 404   404   404   404   404   | 404   404   404   404   404   | 200   200   200
commission:attendance_export           signed_session           POST login 404   404   404   404   404   | 404   404   404   404   404   | 302   302   403
commission:opinion_detail              opined                   GET  login 200   200   200   200   404   | 200   200   404   404   404  | 200   200   200
commission:file_transmit               opined                   GET  login 403   403   403   403   404   | 403   403   404   404   404  | 200   403   403
commission:file_transmit               opined                   POST login 403   403   403   403   404   | 403   403   404   404   404  | 422   403   403
commission:file_re_examine             opined                   POST login 403   403   403   403   404   | 422   403   404   404   404  | 422   403   403
commission:reservation_list            -                        GET  login 403   403   403   403   403   | 200   200   403   403   403  | 200   200   403
commission:reservation_detail          reservation              GET  login 200   200   200   200   404   | 200   200   404   404   404  | 200   200   200
commission:reservation_detail          reservation              POST login 403   403   422   422   404   | 403   403   404   404   404  | 403   403   403
commission:reservation_decide          reservation              POST login 403   403   403   403   404   | 422   403   404   404   404  | 403   403   403
commission:reservation_comment         reservation              POST login 403   403   403   403   404   | 422   403   404   404   404  | 403   403   403
commission:reservation_file            reservation_file         GET  login 200   200   200   200   404   | 200   200   404   404   404  | 403   403   403
healthz                                 -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
readyz                                  -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
metrics                                 -                                   GET  404   404   404   404   404   404   | 404   404   404   404   404
accounts:account_detail                 -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
accounts:account_detail                 -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
accounts:organisation_list              -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
accounts:welcome                        -                                   GET  login 302   302   302   302   302   | 200   200   200   200   200
accounts:organisation_switch            -                                   POST login 404   404   404   404   404   | 404   404   404   404   404
accounts:organisation_create            -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
accounts:organisation_create            -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
accounts:organisation_create_foreign    -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
accounts:organisation_create_foreign    -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
accounts:organisation_find              -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
accounts:organisation_find              -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
accounts:invitation_detail              invitation_link                     GET  200   403   403   403   403   403   | 403   403   403   403   403
accounts:invitation_detail              invitation_link                     POST 200   403   403   403   403   403   | 403   403   403   403   403
accounts:member_list                    organisation                        GET  login 200   200   200   200   404   | 200   200   404   404   200
accounts:organisation_choose            organisation                        POST login 302   302   302   302   404   | 404   404   404   404   404
accounts:organisation_join              organisation                        GET  login 200   200   200   200   200   | 200   200   200   200   200
accounts:organisation_join              organisation                        POST login 302   302   302   302   302   | 302   302   302   302   302
accounts:organisation_leave             organisation                        GET  login 200   200   200   200   404   | 404   404   404   404   404
accounts:organisation_leave             organisation                        POST login 302   302   302   302   404   | 404   404   404   404   404
accounts:invitation_create              organisation                        GET  login 403   403   403   200   404   | 403   403   404   404   200
accounts:invitation_create              organisation                        POST login 403   403   403   422   404   | 403   403   404   404   422
accounts:member_update                  membership                          GET  login 403   403   403   200   404   | 403   403   404   404   200
accounts:member_update                  membership                          POST login 403   403   403   422   404   | 403   403   404   404   422
accounts:member_remove                  membership                          GET  login 403   403   403   200   404   | 403   403   404   404   200
accounts:member_remove                  membership                          POST login 403   403   403   302   404   | 403   403   404   404   302
accounts:request_accept                 membership_request                  GET  login 403   403   403   200   404   | 403   403   404   404   200
accounts:request_accept                 membership_request                  POST login 403   403   403   422   404   | 403   403   404   404   422
accounts:request_refuse                 membership_request                  GET  login 403   403   403   200   404   | 403   403   404   404   200
accounts:request_refuse                 membership_request                  POST login 403   403   403   422   404   | 403   403   404   404   422
accounts:invitation_resend              invitation                          POST login 403   403   403   302   404   | 403   403   404   404   302
accounts:invitation_revoke              invitation                          POST login 403   403   403   302   404   | 403   403   404   404   302
accounts:invitation_accept              invitation                          POST login 404   404   404   404   404   | 404   404   404   404   404
accounts:support_list                   -                                   GET  login 403   403   403   403   403   | 403   200   403   403   403
accounts:support_stop                   -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
accounts:support_start                  person                              GET  login 403   403   403   403   403   | 403   200   403   403   403
accounts:support_start                  person                              POST login 403   403   403   403   403   | 403   422   403   403   403
drafts:draft_save                       -+form=essai                             POST login 200   200   200   200   200   | 200   200   200   200   200
notifications:notification_list         -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
notifications:notification_read_all     -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
notifications:notification_read         notification                        POST login 302   302   302   302   404   | 302   302   302   302   302
ui:component_list                       -                                   GET  login login login login login login | login login login login login
ui:component_list                       -                                   POST login login login login login login | login login login login login
ui:component_autosave                   -                                   POST login login login login login login | login login login login login
account_login                           -                                   GET  200   302   302   302   302   302   | 302   302   302   302   302
account_login                           -                                   POST 422   302   302   302   302   302   | 302   302   302   302   302
account_logout                          -                                   GET  302   200   200   200   200   200   | 200   200   200   200   200
account_logout                          -                                   POST 302   302   302   302   302   302   | 302   302   302   302   302
account_inactive                        -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
account_signup                          -                                   GET  200   302   302   302   302   302   | 302   302   302   302   302
account_signup                          -                                   POST 422   302   302   302   302   302   | 302   302   302   302   302
account_reauthenticate                  -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
account_reauthenticate                  -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
account_email                           -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
account_email                           -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
account_email_verification_sent         -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
account_change_password                 -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
account_change_password                 -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
account_set_password                    -                                   GET  login 302   302   302   302   302   | 302   302   302   302   302
account_set_password                    -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
account_reset_password                  -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
account_reset_password                  -                                   POST 422   422   422   422   422   422   | 422   422   422   422   422
account_reset_password_done             -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
account_reset_password_from_key_done    -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
mfa_index                               -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_index                               -                                   POST login ·     ·     ·     ·     ·     | ·     ·     ·     ·     ·
mfa_authenticate                        -                                   GET  login 302   302   302   302   302   | 302   302   302   302   302
mfa_authenticate                        -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
mfa_reauthenticate                      -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_reauthenticate                      -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
mfa_activate_totp                       -                                   GET  login 200   200   200   200   200   | 302   302   302   302   302
mfa_activate_totp                       -                                   POST login 422   422   422   422   422   | 302   302   302   302   302
mfa_deactivate_totp                     -                                   GET  login 404   404   404   404   404   | 200   200   200   200   200
mfa_deactivate_totp                     -                                   POST login 404   404   404   404   404   | 302   302   302   302   302
mfa_view_recovery_codes                 -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_view_recovery_codes                 -                                   POST login ·     ·     ·     ·     ·     | ·     ·     ·     ·     ·
mfa_generate_recovery_codes             -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_generate_recovery_codes             -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
mfa_download_recovery_codes             -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_download_recovery_codes             -                                   POST login ·     ·     ·     ·     ·     | ·     ·     ·     ·     ·
mfa_list_webauthn                       -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_list_webauthn                       -                                   POST login ·     ·     ·     ·     ·     | ·     ·     ·     ·     ·
mfa_add_webauthn                        -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_add_webauthn                        -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
mfa_login_webauthn                      -                                   GET  login 302   302   302   302   302   | 302   302   302   302   302
mfa_login_webauthn                      -                                   POST login 302   302   302   302   302   | 302   302   302   302   302
mfa_reauthenticate_webauthn             -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
mfa_reauthenticate_webauthn             -                                   POST login login login login login login | login login login login login
socialaccount_connections               -                                   GET  login 200   200   200   200   200   | 200   200   200   200   200
socialaccount_connections               -                                   POST login 422   422   422   422   422   | 422   422   422   422   422
socialaccount_login_cancelled           -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
socialaccount_login_error               -                                   GET  401   401   401   401   401   401   | 401   401   401   401   401
socialaccount_signup                    -                                   GET  login login login login login login | login login login login login
socialaccount_signup                    -                                   POST login login login login login login | login login login login login
account_confirm_email                   -+key=inconnu                       GET  200   200   200   200   200   200   | 200   200   200   200   200
account_confirm_email                   -+key=inconnu                       POST 404   404   404   404   404   404   | 404   404   404   404   404
account_reset_password_from_key         -+uidb36=1+key=inconnu              GET  200   200   200   200   200   200   | 200   200   200   200   200
account_reset_password_from_key         -+uidb36=1+key=inconnu              POST 422   422   422   422   422   422   | 422   422   422   422   422
mfa_remove_webauthn                     key                                 GET  login 200   200   200   200   404   | 200   200   200   200   200
mfa_remove_webauthn                     key                                 POST login 302   302   302   302   404   | 302   302   302   302   302
mfa_edit_webauthn                       key                                 GET  login 200   200   200   200   404   | 200   200   200   200   200
mfa_edit_webauthn                       key                                 POST login 422   422   422   422   404   | 422   422   422   422   422
openid_connect_login                    -+provider_id=inconnu               GET  404   404   404   404   404   404   | 404   404   404   404   404
openid_connect_login                    -+provider_id=inconnu               POST 404   404   404   404   404   404   | 404   404   404   404   404
openid_connect_callback                 -+provider_id=inconnu               GET  404   404   404   404   404   404   | 404   404   404   404   404
openid_connect_callback                 -+provider_id=inconnu               POST 404   404   404   404   404   404   | 404   404   404   404   404
decision:decision_home                  -                                        GET  login 403   403   403   403   403   | 403   403   403,200,403 403   403
decision:draft_create                   decidable                                GET  login 403   403   403   403   403   | 403   403   403,200,403 403   403
decision:draft_create                   decidable                                POST login 403   403   403   403   403   | 403   403   403,422,403 403   403
decision:session_draft                  session                                  POST login 403   403   403   403   403   | 403   403   403,302,403 403   403
decision:decision_sign                  -                                        GET  login 403   403   403   403   403   | 403   403   403,200,403 403   403
decision:decision_sign                  -                                        POST login 403   403   403   403   403   | 403   403   403,422,403 403   403
decision:draft_update                   draft_act                                GET  login 404   404   404   404   404   | 404   404   404,200,404 404   404
decision:draft_update                   draft_act                                POST login 404   404   404   404   404   | 404   404   404,422,404 404   404
decision:decision_receive               draft_act                                GET  login 404   404   404   404   404   | 404   404   404,200,404 404   404
decision:decision_receive               draft_act                                POST login 404   404   404   404   404   | 404   404   404,422,404 404   404
decision:draft_step                     draft_act+step=viser                     GET  login 404   404   404   404   404   | 404   404   404,200,404 404   404
decision:draft_step                     draft_act+step=viser                     POST login 404   404   404   404   404   | 404   404   404,302,404 404   404
decision:decision_list                  -                                        GET  login 200   200   200   200   200   | 200   200   200   200   200
decision:file_decision                  decided_file                             GET  login 302   302   302   302   404   | 302   302   302   404/404 404 | 302 302 404
decision:decision_detail                notified_act                             GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:decision_open                  waiting_act                              POST login 403   403   302   302   404   | 403   403   403,403,403 404/404 404 | 403 403 404
decision:decision_document              notified_act                             GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:decision_original              notified_act                             GET  login 404   404   404   404   404   | 404   404   404   404   404
decision:decision_verify                notified_act                             GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:decision_proof                 notified_act                             GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:letter_record                  waiting_act                              GET  login 403   403   403   403   404   | 403   403   403,200,403 404/404 404 | 403 403 404
decision:letter_record                  waiting_act                              POST login 403   403   403   403   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:appeal_lodge                   notified_act                             GET  login 403   403   200   200   404   | 403   403   403,200,403 404/404 404 | 403 403 404
decision:appeal_lodge                   notified_act                             POST login 403   403   422   422   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:suit_record                    notified_act                             GET  login 403   403   403   403   404   | 403   403   403,200,403 404/404 404 | 403 403 404
decision:suit_record                    notified_act                             POST login 403   403   403   403   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:file_resume                    notified_act                             GET  login 403   403   403   403   404   | 403   403   403,200,403 404/404 404 | 403 403 404
decision:file_resume                    notified_act                             POST login 403   403   403   403   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:appeal_detail                  appeal                                   GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:appeal_detail                  appeal                                   POST login 403   403   403   403   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:appeal_withdraw                appeal                                   GET  login 403   403   200   200   404   | 403   403   403,403,403 404/404 404 | 403 403 404
decision:appeal_withdraw                appeal                                   POST login 403   403   302   302   404   | 403   403   403,403,403 404/404 404 | 403 403 404
decision:appeal_document                appeal                                   GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:suit_detail                    suit                                     GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:suit_detail                    suit                                     POST login 403   403   403   403   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:injunction_execute             suit                                     POST login 403   403   403   403   404   | 403   403   403,422,403 404/404 404 | 403 403 404
decision:convention_list                -                                        GET  login 403   403   403   403   403   | 403   403   200,200,403 403   403
decision:convention_list                -                                        POST login 403   403   403   403   403   | 403   403   422,422,403 403   403
decision:convention_detail              countersigned                            GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:convention_file                countersigned                            GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
decision:annex_send                     countersigned                            POST login 403   403   403   403   404   | 302   403   403,302,403 404/404 404 | 403 403 404
decision:annex_file                     annexed                                  GET  login 200   200   200   200   404   | 200   200   200   404/404 404 | 200 200 404
listing:publication_edit                described                           GET  login 200   200   200   200   404   | 403   403   404   404   404
listing:publication_edit                described                           POST login 302   302   302   302   404   | 403   403   404   404   404
listing:publication_save                described                           POST login 200   200   200   200   404   | 403   403   404   404   404
listing:publication_logo                described                           GET  login 200   200   200   200   404   | 200   200   404   404   404
listing:publication_logo                described                           POST login 422   422   422   422   404   | 403   403   404   404   404
listing:publication_preview             described                           GET  login 200   200   200   200   404   | 200   200   404   404   404
listing:publication_submit              described                           GET  login 403   403   200   200   404   | 403   403   404   404   404
listing:publication_submit              described                           POST login 403   403   302   302   404   | 403   403   404   404   404
listing:publication_revise              described                           GET  login 403   403   200   200   404   | 403   403   404   404   404
listing:publication_revise              described                           POST login 403   403   422   422   404   | 403   403   404   404   404
listing:listing_list                    -                                   GET  login 403   403   403   403   403   | 200   200   200   403   403
listing:publication_list                -                                   GET  login 403   403   403   403   403   | 200   403   403   403   403
listing:publication_review              described_submitted                 GET  login 403   403   403   403   403   | 200   403   403   403   403
listing:publication_accept              described_submitted                 GET  login 403   403   403   403   403   | 200   403   403   403   403
listing:publication_accept              described_submitted                 POST login 403   403   403   403   403   | 302   403   403   403   403
listing:publication_request_changes     described_submitted                 GET  login 403   403   403   403   403   | 302   403   403   403   403
listing:publication_request_changes     described_submitted                 POST login 403   403   403   403   403   | 422   403   403   403   403
listing:candidature_publish             approved                            GET  login 403   403   403   403   403   | 200   403   403   403   403
listing:candidature_publish             approved                            POST login 403   403   403   403   403   | 422   403   403   403   403
listing:catalogue_list                  -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:catalogue_feed                  -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:category_detail                 -+category=acces-aux-soins          GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:service_logo                    service_logo                        GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:service_detail                  service                             GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:sitemap                         -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:robots                          -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:api_schema                      -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:api_service_list                -                                   GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:api_service_detail              service_number                      GET  200   200   200   200   200   200   | 200   200   200   200   200
listing:life_list                       -                        GET  login 403   403   403   403   403   | 200   200   200         403   403
listing:life_detail                     listing                  GET  login 200   200   200   200   404   | 200   200   200         404   404
listing:file_listing                    listed_file              GET  login 302   302   302   302   404   | 302   302   404         404   404
listing:enrolment_life                  listed_enrolment         GET  login 302   302   302   302   404   | 302   302   302         404   404
listing:renewal_start                   listing                  GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:renewal_start                   listing                  POST login 403   403   302   302   404   | 403   403   403         404   404
listing:extension_start                 listing                  GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:extension_start                 listing                  POST login 403   403   302   302   404   | 403   403   403         404   404
listing:application_start               listing                  GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:application_start               listing                  POST login 403   403   422   422   404   | 403   403   403         404   404
listing:listing_withdraw                listing                  GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:listing_withdraw                listing                  POST login 403   403   422   422   404   | 403   403   403         404   404
listing:version_declare                 listing                  GET  login 200   200   200   200   404   | 403   403   403         404   404
listing:version_declare                 listing                  POST login 422   422   422   422   404   | 403   403   403         404   404
listing:version_detail                  due_version              GET  login 200   200   200   200   404   | 200   200   200         404   404
listing:version_submit                  due_version              GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:version_submit                  due_version              POST login 403   403   422   422   404   | 403   403   403         404   404
listing:version_decide                  due_version              GET  login 403   403   403   403   404   | 200   403   403         404   404
listing:version_decide                  due_version              POST login 403   403   403   403   404   | 422   403   403         404   404
listing:procedure_open                  listing                  GET  login 403   403   403   403   404   | 403   403   403,200,403 404   404
listing:procedure_open                  listing                  POST login 403   403   403   403   404   | 403   403   403,422,403 404   404
listing:relief_draft                    listing                  GET  login 403   403   403   403   404   | 403   403   403,200,403 404   404
listing:relief_draft                    listing                  POST login 403   403   403   403   404   | 403   403   403,422,403 404   404
listing:procedure_list                  -                        GET  login 403   403   403   403   403   | 200   200   200         403   403
listing:procedure_detail                procedure                GET  login 200   200   200   200   404   | 200   200   200         404   404
listing:procedure_observe               procedure                GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:procedure_observe               procedure                POST login 403   403   422   422   404   | 403   403   403         404   404
listing:procedure_document              procedure                GET  login 200   200   200   200   404   | 200   200   200         404   404
listing:procedure_draft                 procedure                GET  login 403   403   403   403   404   | 403   403   403,200,403 404   404
listing:procedure_draft                 procedure                POST login 403   403   403   403   404   | 403   403   403,422,403 404   404
listing:procedure_drop                  procedure                GET  login 403   403   403   403   404   | 403   403   403,200,403 404   404
listing:procedure_drop                  procedure                POST login 403   403   403   403   404   | 403   403   403,422,403 404   404
listing:audit_open                      listing                  GET  login 403   403   403   403   404   | 403   403   403,403,200 404   404
listing:audit_open                      listing                  POST login 403   403   403   403   404   | 403   403   403,403,422 404   404
listing:audit_list                      -                        GET  login 403   403   403   403   403   | 200   200   200         403   403
listing:audit_detail                    running_audit            GET  login 200   200   200   200   404   | 200   200   200         404   404
listing:audit_announce                  planned_audit            GET  login 404   404   404   404   404   | 403   403   403,403,200 404   404
listing:audit_announce                  planned_audit            POST login 404   404   404   404   404   | 403   403   403,403,422 404   404
listing:audit_submit                    running_audit            GET  login 403   403   200   200   404   | 403   403   403         404   404
listing:audit_submit                    running_audit            POST login 403   403   422   422   404   | 403   403   403         404   404
listing:audit_ask                       running_audit            GET  login 403   403   403   403   404   | 403   403   403,403,200 404   404
listing:audit_ask                       running_audit            POST login 403   403   403   403   404   | 403   403   403,403,422 404   404
listing:visit_add                       running_audit            GET  login 403   403   403   403   404   | 403   403   403,403,200 404   404
listing:visit_add                       running_audit            POST login 403   403   403   403   404   | 403   403   403,403,422 404   404
listing:audit_report                    running_audit            GET  login 403   403   403   403   404   | 403   403   403,403,200 404   404
listing:audit_report                    running_audit            POST login 403   403   403   403   404   | 403   403   403,403,422 404   404
listing:audit_conclude                  running_audit            GET  login 403   403   403   403   404   | 403   403   403,403,200 404   404
listing:audit_conclude                  running_audit            POST login 403   403   403   403   404   | 403   403   403,403,422 404   404
listing:audit_cancel                    running_audit            GET  login 403   403   403   403   404   | 403   403   403,403,200 404   404
listing:audit_cancel                    running_audit            POST login 403   403   403   403   404   | 403   403   403,403,422 404   404
listing:audit_file                      audit_plan               GET  login 200   200   200   200   404   | 200   200   200         404   404
listing:draw_list                       -                        GET  login 403   403   403   403   403   | 200   200   200         403   403
listing:draw_list                       -                        POST login 403   403   403   403   403   | 403   403   403,403,422 403   403
listing:draw_detail                     draw                     GET  login 403   403   403   403   403   | 200   200   200         403   403
listing:seed_draw                       draw                     GET  login 403   403   403   403   403   | 403   403   403,403,200 403   403
listing:seed_draw                       draw                     POST login 403   403   403   403   403   | 403   403   403,403,302 403   403
listing:draw_export                     draw                     GET  200   200   200   200   200   200   | 200   200   200         200   200
listing:report_create                   listed_service           GET  200   200   200   200   200   200   | 200   200   200         200   200
listing:report_create                   listed_service           POST 422   422   422   422   422   422   | 422   422   422         422   422
listing:report_sent                     -                        GET  200   200   200   200   200   200   | 200   200   200         200   200
listing:report_confirm                  report_link              GET  200   200   200   200   200   200   | 200   200   200         200   200
listing:report_confirm                  report_link              POST 200   200   200   200   200   200   | 200   200   200         200   200
listing:report_list                     -                        GET  login 403   403   403   403   403   | 200   403   403,200,200 403   403
listing:report_detail                   user_report              GET  login 403   403   403   403   403   | 200   403   403,200,200 403   403
listing:report_detail                   user_report              POST login 403   403   403   403   403   | 422   403   403         403   403
"""
