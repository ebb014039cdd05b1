"""Gives the database's planner statistics of the tables that a test has filled."""

from django.db import connection, models


def analyze(*filled: type[models.Model]) -> None:
    """Count these tables, as autovacuum does after a large intake.

    Name filled tables only: PostgreSQL keeps the counts after the test is rolled back, and an empty table that was
    counted stays empty to the planner of every later test.
    """
    with connection.cursor() as cursor:
        for model in filled:
            cursor.execute(f"ANALYZE {model._meta.db_table}")
