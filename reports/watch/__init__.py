"""Watches the installation from a process of its own and calls the operator."""
