"""Benchmarks of the times that the clinic offers."""
