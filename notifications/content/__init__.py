"""The texts of messages and explainers, and the checks on them."""
