"""What the pages about booked visits and free times show."""
