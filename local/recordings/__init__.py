"""Recordings of our own to try everything with, and the script that makes them."""
