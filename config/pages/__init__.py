"""Pages of the installation itself: the board in the admin, health and metrics."""
