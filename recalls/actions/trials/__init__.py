"""Takes recalls into running trials; drafting, starting and ending one is the work of `reports.trials`."""
