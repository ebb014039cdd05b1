"""What does this package tell and ask the rest of the product? That a recall moved; whether a step may be undone."""

from django.dispatch import Signal

# Sent with `event=RecallEvent`; its `recall` is the locked, saved row. Receivers insert or cancel rows, nothing else.
recall_moved = Signal()

# Sent with `event=RecallEvent`, the step to be undone, under the lock of its recall. A receiver that knows of something
# that cannot be called back returns the sentence that refuses.
pre_undo = Signal()
