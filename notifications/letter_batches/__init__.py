"""Prints all letters of a site as one background job."""
