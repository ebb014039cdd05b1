"""Addresses that every staff page uses."""

from django.urls import path

from desk.views import StillHereView

urlpatterns = [path("still-here/", StillHereView.as_view(), name="still_here")]
