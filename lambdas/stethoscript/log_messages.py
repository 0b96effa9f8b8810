"""Log messages that a program reads: `operations explain` finds the failed attempts at a recording by them."""

DEFERRED = "deferred"
"""The function sent the message again with a delay."""
RETURNED = "returned to the queue"
"""An unexpected error returned the message to its queue, and SQS counts the attempt."""
