"""Fixtures of the set-up tests: a browser for each person, results loaded from a file."""

from tests.desk.conftest import client_for
from tests.exchange.conftest import load_results, shady_site

__all__ = ["client_for", "load_results", "shady_site"]
