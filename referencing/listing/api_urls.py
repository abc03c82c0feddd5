"""Addresses for other programs, mounted under `/api/catalogue/`."""

from django.urls import path

from referencing.listing.api import ServiceDetail, ServiceList

urlpatterns = [
    path("api/catalogue/", ServiceList.as_view(), name="api_service_list"),
    path("api/catalogue/<int:number>/", ServiceDetail.as_view(), name="api_service_detail"),
]
