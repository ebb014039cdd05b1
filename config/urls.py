"""The root URL configuration."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("clinic.urls")),
    path("", include("recalls.urls")),
    path("", include("notifications.urls")),
    path("", include("reports.urls")),
    path("webhooks/", include("notifications.inbound.webhooks")),
    path("health/", health, name="health"),
    path("my/", include("portal.urls")),
    path("admin/", admin.site.urls),
    path("language/", login_not_required(set_language), name="set_language"),
]
