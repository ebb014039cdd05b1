"""Configures the notifications app: registers its system check and connects it to the signals of recalls."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "notifications"
    verbose_name = _("Messages")

    def ready(self) -> None:
        from history.checks import register_check
        from notifications import checks, list_exports  # noqa: F401  registers itself; models are loaded only now
        from notifications.delivery.sealed_copies import CopyCheck
        from notifications.planning import manual_actions, plan
        from notifications.presenters.recall_timeline import message_timeline_entries, summary_timeline_entries
        from notifications.receivers import block_undo_after_send, plan_messages, replan_messages
        from recalls import timeline_registry
        from recalls.signals import patient_changed, pre_undo, recall_moved

        list_exports.register()
        register_check("message", CopyCheck)
        recall_moved.connect(plan_messages, dispatch_uid="notifications.plan_messages")
        patient_changed.connect(replan_messages, dispatch_uid="notifications.replan_messages")
        pre_undo.connect(block_undo_after_send, dispatch_uid="notifications.block_undo_after_send")
        timeline_registry.register_provider("messages", message_timeline_entries)
        timeline_registry.register_provider("lay_summaries", summary_timeline_entries)
        timeline_registry.register_event_describer(plan.MANUAL_MESSAGE_STEP, manual_actions.describe_manual_action)
