"""Models of barriers, of the help a site has against them, and of navigators' cases."""
