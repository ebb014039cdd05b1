"""Replaces Django's default admin site by that of Recall Desk."""

from django.contrib.admin.apps import AdminConfig


class RecallDeskAdminConfig(AdminConfig):
    default_site = "config.admin_site.RecallDeskAdminSite"
