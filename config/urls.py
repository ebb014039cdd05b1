"""The root URL configuration."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config.pages.board import BoardView, ChartFileView
from config.pages.health import health, live, ready
from config.pages.metrics import metrics
from exchange.fhir.views.write import BundleView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("clinic.urls")),
    path("", include("desk.urls")),
    path("", include("recalls.urls")),
    path("", include("notifications.urls")),
    path("", include("exchange.urls")),
    path("", include("records.urls")),
    path("", include("reports.urls")),
    path("retention/", include("retention.urls")),
    path("setup/", include("site_setup.urls")),
    path("board/", BoardView.as_view(), name="board"),
    path("board/figures/<slug:name>.csv", ChartFileView.as_view(), name="chart_csv"),
    path("webhooks/", include("notifications.inbound.webhooks")),
    path("fhir", BundleView.as_view(), name="fhir_base"),  # clients post to their base address without a slash
    path("fhir/", include("exchange.fhir.urls")),
    path("health/", health, name="health"),
    path("health/live/", live, name="health_live"),
    path("health/ready/", ready, name="health_ready"),
    path("metrics/", metrics, name="metrics"),
    path("my/", include("portal.urls")),
    path("tablet/", include("portal.contact_plan.tablet_urls")),
    path("", include("portal.contact_plan.desk_urls")),
    path("admin/", admin.site.urls),
    path("language/", login_not_required(set_language), name="set_language"),
]
