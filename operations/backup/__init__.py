"""Makes one encrypted file of the whole database, and a database of such a file."""
