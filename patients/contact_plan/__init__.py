"""The contact plan of a patient: how they said they are to be reached after a screening."""
