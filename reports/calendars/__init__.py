"""Calendar feeds of a site's visits for a calendar program, by secret address."""
