"""What a worker asks of PostgreSQL for each message, in one statement each."""
