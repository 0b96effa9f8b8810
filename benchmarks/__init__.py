"""Benchmarks of quality and speed, beside other projects."""
