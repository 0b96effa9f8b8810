"""The SDK's clients, made once per execution environment.

Where they connect is the SDK's own business (`AWS_ENDPOINT_URL` and the like): nothing here knows
whether it runs in AWS or on a laptop.
"""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


@cache
def client(service: str, *, attempts: int = 3, seconds: int = 20) -> Any:
    """A client that tries each call at most `attempts` times, waiting so many seconds for each answer.

    Both together must leave the function time to answer itself: a silent service is no reason to be killed.
    """
    config = Config(
        connect_timeout=5,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload] # the name is not a literal here
