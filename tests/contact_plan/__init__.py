"""Tests of the contact plan: rules, pages, and what a tablet in a patient's hands may reach."""
