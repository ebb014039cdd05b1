"""The web frame that the staff pages of several apps share."""
