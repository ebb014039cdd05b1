"""Signals of this package: a recall moved; a step is about to be undone."""

from django.dispatch import Signal

# Sent with `event=RecallEvent`; its `recall` is the locked, saved row. Receivers insert or cancel rows, nothing else.
recall_moved = Signal()

# Sent with `event=RecallEvent`, the step to be undone, under the lock of its recall. A receiver that knows of
# something that cannot be reverted returns the sentence that refuses.
pre_undo = Signal()
