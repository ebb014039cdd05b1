"""Rules and pages of trials."""
