"""What a receiver of notifications over HTTPS may look like: take it, change it, it needs nothing else of ours."""
