"""The environment of the cloud and of the functions in it, which inherit it: only what is named here.

A list of what to remove would always miss one; an access key or a proxy of the person who started the cloud
must not reach a function.
"""

import os
from collections.abc import Mapping

from local.cloud.state_folder import StateFolder

REGION = "us-east-1"
ACCOUNT = "000000000000"
WORKERS = 8  # functions at once; each process takes about 55 MB
WORKERS_FOR_QUEUES = 6  # the others are for schedules and for whoever invokes a function directly
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
READ_ONCE = ("LOG_LEVEL",)  # a function's logger would take it for its own


def exports(endpoint: str) -> str:
    """The shell's line by which the AWS CLI, boto3 and the CDK use a cloud as its account's root."""
    return (
        f"export AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test "
        f"AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}"
    )


def clean(outer: Mapping[str, str], folder: StateFolder, port: int) -> dict[str, str]:
    """Return the whole environment the cloud runs in, out of the one it was started in."""
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
        "MALLOC_ARENA_MAX": "2",  # MiniStack keeps many threads; with an arena each, memory is never given back
    }


def _ministack(folder: StateFolder, port: int) -> dict[str, str]:
    """MiniStack reads these when it is imported, the port included."""
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "SERVICES": ",".join(SERVICES),
        "AUTH": "true",  # policies are enforced, so that a missing right shows here and not on AWS
        "LOG_LEVEL": "WARNING",  # below it, what functions print is copied into the cloud's own output
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder.services),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder.objects),
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(WORKERS),
        "DOCKER_HOST": "unix:///nonexistent",  # nothing here needs Docker, and looking for it takes time
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def recognisers(outer: Mapping[str, str], folder: StateFolder) -> dict[str, str]:
    """Return the recogniser's environment: it is no function, and looks for models where its person keeps them."""
    kept = {name: outer[name] for name in RECOGNISER_KEEPS if name in outer}
    return {**kept, "TMPDIR": str(folder.temporary), "LANG": "C.UTF-8"}
