"""Puts the project's own admin site in the place of Django's."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig

# Tables of libraries: what a group may do is written in clinic.roles; sign-ins are read in the security log, which
# nobody can empty; second factors are their owner's.
_NOT_IN_THE_ADMIN = frozenset({"auth", "axes", "account", "mfa", "socialaccount", "usersessions"})


class RecallDeskAdminConfig(AdminConfig):
    default_site = "config.admin_site.RecallDeskAdminSite"

    def ready(self) -> None:
        super().ready()
        for model in list(admin.site._registry):
            if model._meta.app_label in _NOT_IN_THE_ADMIN:
                admin.site.unregister(model)
