"""The SDK's clients, made once per execution environment.

Where they connect is the SDK's own business (`AWS_ENDPOINT_URL` and the like): nothing here knows
whether it runs in AWS or on a laptop.
"""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# Fewer seconds than any function of ours has, so that a silent service still leaves time to answer.
_READ_TIMEOUT = {"s3": 240}


@cache
def client(service: str, attempts: int = 3) -> Any:
    """A client that tries each call at most `attempts` times."""
    config = Config(
        connect_timeout=5,
        read_timeout=_READ_TIMEOUT.get(service, 20),
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload] # the name is not a literal here
