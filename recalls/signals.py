"""What does this package tell the rest of the product? One thing: a recall moved. Sent inside the transaction."""

from django.dispatch import Signal

# Sent with `event=RecallEvent`; its `recall` is the locked, saved row. Receivers insert or cancel rows, nothing else.
recall_moved = Signal()
