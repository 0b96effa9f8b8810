"""The SDK's clients, created once per execution environment.

The SDK reads the endpoint from the environment (`AWS_ENDPOINT_URL`). Therefore the code is the same in AWS and on a
laptop.
"""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


@cache
def client(service: str, *, attempts: int = 3, seconds: int = 20) -> Any:
    """A client that tries each call at most `attempts` times, and waits `seconds` for each answer.

    Their product must be below the function's timeout, so that the function can report a service that does not answer.
    """
    config = Config(
        connect_timeout=5,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload] # the name is not a literal here
