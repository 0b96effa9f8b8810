"""The parts of the reader page: Python modules that write markup, and static files."""
