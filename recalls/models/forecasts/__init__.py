"""Models of what is expected of days and visits, one module per subject."""
