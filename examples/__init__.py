"""An example receiver of notifications over HTTPS. Copy and change it: it imports nothing else of this project."""
