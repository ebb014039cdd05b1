"""What comes back: bounces, delivery reports, text replies, unsubscribes."""
