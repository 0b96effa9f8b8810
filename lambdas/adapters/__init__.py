"""What calls AWS: one service or one purpose in each module."""
