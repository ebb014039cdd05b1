"""Pages of messages, letters and the demo inbox."""
