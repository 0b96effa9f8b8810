"""Scanners in their own environment check the templates of each configuration: `make scan`."""
