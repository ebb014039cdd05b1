"""Tests of the FHIR interface."""
