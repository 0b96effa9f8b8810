"""Finds a deployment by name, with the ordinary AWS configuration."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operations.errors import Misused, NotFound, unless_denied
from operations.ledger_admin import LedgerAdmin

ROOT = Path(__file__).resolve().parents[1]
_STACK = "-storage"
_HELD = ("CREATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_", "DELETE_FAILED")
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

Client = Callable[[str], Any]
"""Returns the client for a service name. Tests replace only this."""


@dataclass(frozen=True)
class Deployment:
    """One deployment: its stack outputs and its service clients."""

    name: str
    outputs: Mapping[str, str]
    client: Client

    @property
    def intake(self) -> str:
        """The bucket people upload to."""
        return self.outputs["IntakeBucketName"]

    @property
    def work(self) -> str:
        """The bucket for audio copies and Transcribe's output."""
        return self.outputs["WorkBucketName"]

    @property
    def transcripts(self) -> str:
        """The bucket for delivered documents."""
        return self.outputs["TranscriptsBucketName"]

    @property
    def account(self) -> str:
        """The account it is deployed in."""
        return self.outputs["CompletionTopicArn"].split(":")[4]

    @property
    def ledger(self) -> LedgerAdmin:
        """Its ledger, with the operator's reads and writes."""
        return LedgerAdmin(self.client("dynamodb"), self.outputs["LedgerTableName"])

    def queue(self, name: str) -> str:
        """The URL of one of its queues."""
        url: str = self.client("sqs").get_queue_url(QueueName=f"{self.name}-{name}")["QueueUrl"]
        return url

    def log_group(self, function: str) -> str:
        """The log group of one of its functions."""
        return f"/aws/lambda/{self.name}-{function}"

    def settings(self) -> Mapping[str, str]:
        """The start function's environment; empty if access is denied."""
        found: Mapping[str, str] = unless_denied(
            lambda: self.client("lambda").get_function_configuration(FunctionName=f"{self.name}-start-transcription")[
                "Environment"
            ]["Variables"],
            otherwise={},
        )
        return found

    def quota(self) -> int | None:
        """The deployed limit of concurrent jobs; None if access is denied."""
        given = self.settings().get("CONCURRENT_JOBS")
        return int(given) if given else None

    def profiles(self) -> tuple[str, ...]:
        """The prefixes of the profiles; empty if access is denied."""
        return tuple(json.loads(self.settings().get("PROFILES", "{}")))

    def check_profile(self, name: str) -> None:
        """Check that the profile exists; skip the check if access is denied.

        Raises:
            Misused: the profile does not exist; the message lists the others.
        """
        known = [prefix.rstrip("/") for prefix in self.profiles()]
        if known and name.rstrip("/") not in known:
            raise Misused(f"There is no profile {name}; there are: {', '.join(known)}.")


def ordinary() -> Client:
    """Clients as the AWS CLI would make them: environment, profiles, Region, AWS_ENDPOINT_URL."""
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))  # of the two variables boto3 knows only the other
    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})

    @cache
    def client(service: str) -> Any:
        return session.client(service, config=config)  # type: ignore[call-overload] # the name is not a literal here

    return client


def is_aws(client: Any) -> bool:
    """Whether the client's endpoint is AWS, not an emulator."""
    return (urlparse(client.meta.endpoint_url).hostname or "").endswith(_AWS)


def find(name: str, client: Client) -> Deployment:
    """The deployment of this name.

    Raises:
        NotFound: no such stack exists; the message lists the others.
    """
    found = stack(f"{name}{_STACK}", client)
    if found is None:
        raise NotFound(_nothing_called(name, client))
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    if "LedgerTableName" not in outputs:
        raise NotFound(f"{name}{_STACK} is not (yet) a complete deployment: run `cdk deploy --all` to its end.")
    return Deployment(name, outputs, client)


def stack(name: str, client: Client) -> Mapping[str, Any] | None:
    """A stack as CloudFormation describes it; None if there is none."""
    try:
        (found,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    known: Mapping[str, Any] = found
    return known


def resources(name: str, client: Client) -> list[Mapping[str, Any]]:
    """The existing resources of a stack. CloudFormation also lists deleted and failed ones; omit those."""
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    listed = [each for page in pages for each in page["StackResourceSummaries"]]
    return [each for each in listed if each["ResourceStatus"].startswith(_HELD)]


def chosen_name(folder: Path = ROOT, file: Path | None = None) -> str:
    """The deployment name from cdk.json or from a configuration file.

    Raises:
        Misused: the configuration has no name.
    """
    try:
        config = str(file.absolute()) if file else _context(folder)["stethoscript"]
        if isinstance(config, str):
            config = json.loads((folder / config).read_text(encoding="utf-8"))
        return str(config["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misused(f"{file or 'cdk.json'} names no deployment: name it with --name.") from error


def _context(folder: Path) -> Mapping[str, Any]:
    context: Mapping[str, Any] = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context


def _nothing_called(name: str, client: Client) -> str:
    here = unless_denied(lambda: _names(client))
    others = f"there are: {', '.join(here)}" if here else "there is none at all"
    if here is None:
        others = "you may not see which there are"
    return (
        f"No deployment is called {name} in this account and Region ({others}): use --name, AWS_PROFILE or AWS_REGION."
    )


def _names(client: Client) -> list[str]:
    """The names of all deployments."""
    pages = client("cloudformation").get_paginator("describe_stacks").paginate()
    return sorted(
        stack["StackName"].removesuffix(_STACK)
        for page in pages
        for stack in page["Stacks"]
        if stack["StackName"].endswith(_STACK)
        and any(each["OutputKey"] == "IntakeBucketName" for each in stack.get("Outputs", []))
    )
