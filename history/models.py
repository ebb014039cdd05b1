"""Model of the columns that seals of a table cover."""

from django.db import models
from django.utils import timezone


class TableShape(models.Model):
    """The columns of a sealed table at the time of some version of the program: older seals cover older columns."""

    # Short, for it stands beside each seal.
    code = models.CharField(max_length=8, unique=True)
    table = models.CharField(max_length=63)
    columns = models.JSONField()
    # The number of the newest row when the program first knew this shape: it was not sealed by the step that added it.
    newest_row = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["table", "id"], name="shape_by_table")]

    def __str__(self) -> str:
        return f"{self.table} {self.code}"
