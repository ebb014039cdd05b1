"""The contact plan that a patient fills in before leaving, on a tablet of the clinic or on their own page."""
