"""The environment of the cloud, which its functions inherit: only the variables named here.

The user's access keys and proxies must not reach a function. A list of variables to remove would always miss one.
"""

import os
from collections.abc import Mapping

from local.cloud.state_folder import StateFolder

REGION = "us-east-1"
ACCOUNT = "000000000000"
WORKERS = 8  # concurrent functions; each process takes about 55 MB
WORKERS_FOR_QUEUES = 6  # the others are for schedules and direct invocations
SERVICES = (
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "transcribe",
)
KEPT = ("PATH", "LD_LIBRARY_PATH")
RECOGNISER_KEEPS = (*KEPT, "HOME", "XDG_CACHE_HOME", "OMP_NUM_THREADS")
READ_ONCE = ("LOG_LEVEL",)  # a function's logger would use it


def exports(endpoint: str) -> str:
    """Return the shell command after which the AWS CLI, boto3 and the CDK use the cloud as its account's root."""
    return (
        f"export AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test "
        f"AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}"
    )


def clean(outer: Mapping[str, str], folder: StateFolder, port: int) -> dict[str, str]:
    """Return the cloud's whole environment, from the environment of its start."""
    return {
        **{name: outer[name] for name in KEPT if name in outer},
        **_process(folder),
        **_ministack(folder, port),
    }


def _process(folder: StateFolder) -> dict[str, str]:
    loopback = "127.0.0.1,localhost"
    return {
        "HOME": str(folder.home),
        "TMPDIR": str(folder.temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",  # as in Lambda
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "MALLOC_ARENA_MAX": "2",  # MiniStack has many threads; with an arena for each, memory is never returned
    }


def _ministack(folder: StateFolder, port: int) -> dict[str, str]:
    """Return the variables that MiniStack reads when it is imported."""
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "SERVICES": ",".join(SERVICES),
        "AUTH": "true",  # policies are enforced, so a missing permission fails here and not first on AWS
        "LOG_LEVEL": "WARNING",  # at a lower level, the output of functions appears in the cloud's own output
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder.services),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder.objects),
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(WORKERS),
        "DOCKER_HOST": "unix:///nonexistent",  # Docker is not needed, and a search for it takes time
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def recognisers(outer: Mapping[str, str], folder: StateFolder) -> dict[str, str]:
    """Return the recogniser's environment. It is not a function, and may find models in the user's home."""
    kept = {name: outer[name] for name in RECOGNISER_KEEPS if name in outer}
    return {**kept, "TMPDIR": str(folder.temporary), "LANG": "C.UTF-8"}
