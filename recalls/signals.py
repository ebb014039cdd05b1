"""Signals: a recall moved; a step is about to be undone; a patient's record changed; a worklist is shown."""

from django.dispatch import Signal

# Sent with `events`, a list of RecallEvent: one of a step, all of the recalls that were opened together. Their `recall`
# is the locked, saved row. Receivers insert or cancel rows, nothing else.
recall_moved = Signal()

# Sent with `event=RecallEvent`, the step to be undone, under the lock of its recall. A receiver that knows of
# something that cannot be reverted returns the sentence that refuses.
pre_undo = Signal()

# Sent with `patient=Patient` inside the transaction that changed how the patient may be reached, or in which words.
# Receivers compare what is planned for the patient's open recalls, and insert or cancel rows, nothing else.
patient_changed = Signal()

# Sent with `sites`, the ids of the sites whose reading worklist is shown. Receivers return sentences about readings
# that no recall holds yet.
worklist_warnings_wanted = Signal()
