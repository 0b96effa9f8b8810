"""Scanners that live in an environment of their own, over the templates that choices make: `make scan`."""
