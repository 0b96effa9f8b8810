"""The domain: values and rules of medical dictation. It imports the standard library only."""
