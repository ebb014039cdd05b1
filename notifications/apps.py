"""How does Django know the notifications app, and where do recalls and messages meet?"""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "notifications"
    verbose_name = _("Messages")

    def ready(self) -> None:
        from notifications import (
            by_hand,
            checks,  # noqa: F401  registers itself; models are ready only now
            plan,
        )
        from notifications.receivers import plan_messages, why_not_undone
        from notifications.timeline import messages_of
        from recalls import timeline
        from recalls.signals import may_undo, recall_moved

        recall_moved.connect(plan_messages, dispatch_uid="notifications.plan_messages")
        may_undo.connect(why_not_undone, dispatch_uid="notifications.why_not_undone")
        timeline.register("messages", messages_of)
        timeline.register_teller(plan.BY_HAND, by_hand.told)
