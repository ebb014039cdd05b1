"""Models of the seals: the columns they cover, the blocks of the ledger, the rows whose personal words went."""

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


class LedgerBlock(models.Model):
    """The digest of some rows of one sealed table; each block continues the one before it, of whatever table."""

    # 1, 2, 3, ... without a gap.
    number = models.BigIntegerField(unique=True)
    table = models.CharField(max_length=63)
    shape = models.CharField(max_length=8)
    key = models.CharField(max_length=8, blank=True)
    # The rows after the one and up to the other.
    after_row = models.BigIntegerField()
    last_row = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    rows_digest = models.CharField(max_length=64)
    # When its last row was the newest: a row of a later block is of a later time.
    seen_at = models.DateTimeField(null=True)
    at = models.DateTimeField(default=timezone.now)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        # Serves "up to which row is this table sealed?".
        indexes = [models.Index(fields=["table", "-number"], name="block_by_table")]

    def __str__(self) -> str:
        return f"{self.number} {self.table}"


class LedgerMark(models.Model):
    """The newest row of a table at some instant: it is sealed once every transaction of that time has ended.

    The mark without a table is the lock of whoever seals.
    """

    table = models.CharField(max_length=63, primary_key=True)
    newest_row = models.BigIntegerField(default=0)
    # PostgreSQL's number of the first transaction that began later.
    next_transaction = models.BigIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.table} {self.newest_row}"


class MinimisedRow(models.Model):
    """A sealed row whose personal words were removed: the seals it had, and the one it has since.

    The seals are digests of what stood there, so that blocks and events that cover the row still match.
    """

    table = models.CharField(max_length=63)
    row = models.BigIntegerField()
    # By "shape:key", as blocks and events name them.
    seals = models.JSONField()
    # "shape:key:seal" of the row without its words.
    after = models.CharField(max_length=48)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "row"], name="minimised_row_once")]

    def __str__(self) -> str:
        return f"{self.table} {self.row}"
