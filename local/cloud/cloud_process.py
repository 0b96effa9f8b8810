"""Start the cloud for as long as a program needs it, in a process of its own.

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
_CREATING = Lock()  # sessions are not for several threads at once, clients are
OWN_AGENT = "local-cloud-client"
"""How the clients of `Cloud.client` call themselves."""
STOP_SECONDS = 12.0  # seconds; the cloud gives itself eight


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
        """What a program's environment must say for the AWS CLI, boto3 and the CDK to use this cloud as root."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str, **credentials: str) -> Any:
        """Make a boto3 client: of the account's root, or of whom `aws_access_key_id` and its companions name."""
        credentials_or_root = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        straight = Config(
            proxies={}, retries={"total_max_attempts": 1}, user_agent_extra=OWN_AGENT
        )  # no proxy leads to the loopback
        session: Any = _session()
        with _CREATING:
            client = session.client(
                service, endpoint_url=self.endpoint, region_name=REGION, config=straight, **credentials_or_root
            )
        self._clients.append(client)
        return client

    def mails(self) -> list[EmailMessage]:
        """The e-mails that subscribers would have got, the oldest first."""
        files = sorted((self.state / "mail").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=default) for file in files]

    def iam_decisions(self) -> list[dict[str, Any]]:
        """What roles and users asked of IAM, and its answers, if `calls` were to be noted."""
        return [json.loads(line) for line in self.calls.read_text(encoding="utf-8").splitlines()] if self.calls else []

    def recorded_requests(self) -> list[dict[str, Any]]:
        """Which operations were asked with which parameters, if `requests` were to be noted; not those of `client`."""
        lines = self.requests.read_text(encoding="utf-8").splitlines() if self.requests else []
        found = [json.loads(line) for line in lines]
        return [each for each in found if not each["by"].endswith(OWN_AGENT)]

    def close(self) -> None:
        """Close the connections of every client."""
        for client in self._clients:
            client.close()


@cache
def _session() -> boto3.Session:
    """A session that reads no settings of the person at the keyboard: their profile may not even exist here.

    One for all clients: it reads each service's model once, which takes a tenth of a second.
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
    """Run the cloud while the block runs; raises CannotStart with the cloud's own sentence.

    `weather` is what `--faults` takes, or the same as a mapping; `calls` and `requests` are what the options of these
    names take. The cloud is told to end with us, so nothing is left running even if this process is killed. A
    recogniser's first start may take long, hence the patience.
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
            start_new_session=True,  # Ctrl-C is for whoever uses the cloud, who then stops it
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
