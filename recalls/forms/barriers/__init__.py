"""Forms about what is in the way of a visit, and about navigators' cases."""
