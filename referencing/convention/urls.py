from django.urls import path

from referencing.convention.views import editor, instruction, signature, webhook

app_name = "convention"

urlpatterns = [
    path("rattachements/<uuid:pk>/convention/", editor.convention_detail, name="convention_detail"),
    path("rattachements/<uuid:pk>/convention/document/", editor.convention_document, name="convention_document"),
    path("rattachements/<uuid:pk>/convention/signature/", editor.convention_verify, name="convention_verify"),
    path(
        "rattachements/<uuid:pk>/convention/representant/",
        editor.representative_change,
        name="representative_change",
    ),
    path("instruction/fiches/<uuid:pk>/valider/", instruction.sheet_validate, name="sheet_validate"),
    path("instruction/conventions/", instruction.convention_list, name="convention_list"),
    path("instruction/conventions/<uuid:pk>/", instruction.convention_prepare, name="convention_prepare"),
    path("instruction/conventions/<uuid:pk>/apercu/", instruction.convention_preview, name="convention_preview"),
    path("instruction/conventions/<uuid:pk>/envoyer/", instruction.convention_send, name="convention_send"),
    path("instruction/conventions/<uuid:pk>/renvoyer/", instruction.convention_resend, name="convention_resend"),
    path("instruction/conventions/<uuid:pk>/valider/", instruction.convention_validate, name="convention_validate"),
    path("signature/<str:token>/", signature.signing_detail, name="signing_detail"),
    path("signature/<str:token>/document/", signature.signing_document, name="signing_document"),
    path("signature/<str:token>/code/", signature.code_send, name="code_send"),
    path("signature/<str:token>/signer/", signature.convention_sign, name="convention_sign"),
    path("signature/<str:token>/refuser/", signature.convention_refuse, name="convention_refuse"),
    path("api/signature/yousign/", webhook.yousign_webhook, name="yousign_webhook"),
]
