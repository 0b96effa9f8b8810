"""A speech recogniser in a process of its own: orders in, words with times out."""
