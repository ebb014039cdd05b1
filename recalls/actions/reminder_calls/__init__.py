"""Actions that fit the estimate of missed visits anew and open tasks for reminder calls."""
