"""Pages of navigators."""
