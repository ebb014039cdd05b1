"""Who saw whom: what a request has shown, written into the access log before the answer is sent."""
