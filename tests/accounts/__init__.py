"""Rules of staff accounts: who gives rights, how one signs in, what ends a session."""
