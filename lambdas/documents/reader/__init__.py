"""The parts of the reader page: what Python writes into it, and what stands there as it is."""
