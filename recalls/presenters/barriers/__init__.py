"""What pages show of barriers and of navigators' cases."""
