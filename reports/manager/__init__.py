"""The manager's lists, the work of each person, and their CSV files."""
