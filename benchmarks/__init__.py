"""How well and how fast things work, measured beside others."""
