"""Rules and pages of the series about breast health."""
