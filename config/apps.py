"""Which admin does Django serve? Our own site in place of the stock one."""

from django.contrib.admin.apps import AdminConfig


class RecallDeskAdminConfig(AdminConfig):
    default_site = "config.admin_site.RecallDeskAdminSite"
