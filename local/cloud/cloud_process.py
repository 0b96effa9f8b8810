"""Run the cloud in a process of its own while a program needs it.

with running(state=Path("build/demo")) as cloud:
    cloud.client("s3").list_buckets()
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any

import boto3
import botocore.session
from botocore.config import Config

from local.cloud.environment import REGION
from local.cloud.errors import CannotStart

ROOT = Path(__file__).parents[2]
_CREATING = Lock()  # sessions are not thread-safe, clients are
OWN_AGENT = "local-cloud-client"
"""The user agent of the clients of `Cloud.client`."""
STOP_SECONDS = 12.0  # the cloud itself takes at most eight


@dataclass(frozen=True)
class Cloud:
    """A running cloud."""

    endpoint: str
    pid: int
    state: Path
    calls: Path | None = None
    requests: Path | None = None
    _clients: list[Any] = field(default_factory=list, repr=False)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables with which the AWS CLI, boto3 and the CDK use this cloud as root."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str, **credentials: str) -> Any:
        """Create a boto3 client with the given credentials; default: the account's root."""
        credentials_or_root = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(
            proxies={}, retries={"total_max_attempts": 1}, user_agent_extra=OWN_AGENT
        )  # a proxy cannot reach the loopback
        session: Any = _session()
        with _CREATING:
            client = session.client(
                service, endpoint_url=self.endpoint, region_name=REGION, config=config, **credentials_or_root
            )
        self._clients.append(client)
        return client

    def mails(self) -> list[EmailMessage]:
        """The e-mails to subscribers, the oldest first."""
        files = sorted((self.state / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=default) for file in files]

    def iam_decisions(self) -> list[dict[str, Any]]:
        """The calls of roles and users, with IAM's decisions; empty without `calls`."""
        return [json.loads(line) for line in self.calls.read_text(encoding="utf-8").splitlines()] if self.calls else []

    def recorded_requests(self) -> list[dict[str, Any]]:
        """The requests, with the names of their parameters, without those of `client`; empty without `requests`."""
        lines = self.requests.read_text(encoding="utf-8").splitlines() if self.requests else []
        found = [json.loads(line) for line in lines]
        return [each for each in found if not each["by"].endswith(OWN_AGENT)]

    def close(self) -> None:
        """Close the connections of every client."""
        for client in self._clients:
            client.close()


@cache
def _session() -> boto3.Session:
    """Return a session that ignores the user's AWS settings, because their profile may not exist here.

    All clients share it: reading a service's model takes 0.1 s.
    """
    no_user_settings: dict[str, Any] = {
        "profile": (None, [], None, None),
        "config_file": (None, [], os.devnull, None),
        "credentials_file": (None, [], os.devnull, None),
    }
    return boto3.Session(botocore_session=botocore.session.Session(no_user_settings))


@contextmanager
def running(
    *,
    state: Path,
    port: int = 0,
    engine: str = "whisper",
    completion_events: str = "off",
    faults: Mapping[str, Any] | str | None = None,
    calls: Path | None = None,
    requests: Path | None = None,
    fresh: bool = False,
    start_seconds: float = 120.0,
) -> Iterator[Cloud]:
    """Run the cloud while the block runs. Its output is discarded, except for the message of a failed start.

    `faults` is a value of `--faults`, or a mapping of the same settings. `calls` and `requests` are the values of these
    options. The cloud ends with this process, even if this process is killed. It may take `start_seconds` to start,
    because the recogniser's first start is slow.

    Raises:
        CannotStart: with the cloud's own message.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        ready = Path(folder) / "ready.json"
        if isinstance(faults, Mapping):
            fault_rates = Path(folder) / "faults.json"
            fault_rates.write_text(json.dumps(dict(faults)), encoding="utf-8")
            faults = str(fault_rates)
        arguments = [
            *("--port", str(port), "--state", str(state), "--engine", engine),
            *("--completion-events", completion_events, "--ready-file", str(ready), "--exit-with-parent"),
            *(["--faults", faults] if faults else []),
            *(["--calls", str(calls)] if calls else []),
            *(["--requests", str(requests)] if requests else []),
            *(["--fresh"] if fresh else []),
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "local.cloud", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,  # this process handles Ctrl-C and then stops the cloud
        )
        try:
            _wait(process, ready, output, start_seconds)
            announced = json.loads(ready.read_text())
            cloud = Cloud(announced["endpoint"], announced["pid"], state, calls, requests)
            try:
                yield cloud
            finally:
                cloud.close()
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], ready: Path, output: IO[bytes], start_seconds: float) -> None:
    deadline = time.monotonic() + start_seconds
    while not ready.exists():
        if process.poll() is not None:
            raise CannotStart(_last_line(output) or f"The cloud ended at once with code {process.returncode}.")
        if time.monotonic() > deadline:
            raise CannotStart(f"The cloud was not ready within {start_seconds:.0f} seconds: {_last_line(output)}")
        time.sleep(0.02)


def _last_line(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
