"""The input of the checks: account, Region, settings, and the deployment if it exists."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from operations import deployment as deployments
from operations.deployment import ROOT, Client, Deployment
from operations.errors import AWS_ERRORS, Misused, NotFound
from stacks.key_policy import KeyLocation

if TYPE_CHECKING:
    from stacks.config import Config


@dataclass(frozen=True)
class DoctorContext:
    """A name, the ways to the services, and the folder that deploys from; each fact is looked up once."""

    name: str
    client: Client
    folder: Path = ROOT
    file: Path | None = None
    """A file of choices, where they are not cdk.json's."""
    compare: bool = False
    """Whether CloudFormation is to compare the stacks with their templates anew."""
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """Who we are, as AWS sees it."""
        who: Mapping[str, Any] = self.client("sts").get_caller_identity()
        return who

    @cached_property
    def where(self) -> KeyLocation:
        """The account and Region."""
        _, partition, _, _, account, *_ = self.identity["Arn"].split(":")
        return KeyLocation(partition, account, self.client("sts").meta.region_name)

    @property
    def aws(self) -> bool:
        """Whether the endpoint is AWS, not an emulator."""
        try:
            return deployments.is_aws(self.client("sts"))
        except BotoCoreError:  # no Region, say: the check of the credentials tells
            return True

    @cached_property
    def chosen(self) -> "Config":
        """What the file or cdk.json chooses.

        Raises:
            ValueError: nothing that can be deployed; its text says why.
            Exception: of any kind, if the CDK's library cannot start: it runs on node.
        """
        from stacks.config import Config  # noqa: PLC0415 - starts node, which may be the very thing that is missing

        if self.file:
            return Config.read(str(self.file))
        context = json.loads((self.folder / "cdk.json").read_text(encoding="utf-8"))["context"].get("stethoscript")
        return Config.read(str(self.folder / context) if isinstance(context, str) else context)

    @cached_property
    def config(self) -> "Config | None":
        """The same, if they can be read and describe this deployment."""
        try:
            return self.chosen if self.chosen.name == self.name else None
        except Exception:  # noqa: BLE001 - the check of the choices says what is the matter with them
            return None

    @cached_property
    def deployment(self) -> Deployment | None:
        """The deployment; None if there is none that we can see."""
        try:
            return deployments.find(self.name, self.client)
        except (NotFound, Misused, *AWS_ERRORS):
            return None

    @property
    def here(self) -> Deployment:
        """The deployment, for checks that are only made of one.

        Raises:
            LookupError: there is none.
        """
        if self.deployment is None:
            raise LookupError(self.name)
        return self.deployment

    @property
    def deploy(self) -> str:
        """The command that deploys these choices here."""
        return f"`{self._make('deploy')}`."

    @property
    def restore(self) -> str:
        """What helps where something was changed or deleted by hand.

        The same deployment again does not: to CloudFormation nothing has changed.
        """
        return f"Bring back what was deployed: `{self._make('restore')}`."

    def _make(self, target: str) -> str:
        if not self.aws:
            return "make cloud-stacks"
        if self.file:
            return f"make {target} CONFIG={self.file}"
        return f"make {target}" if self.config else f"make {target} CONFIG=<the file of its choices>"

    @property
    def concurrent_jobs(self) -> int | None:
        """How many jobs may run at once, as deployed or else as chosen."""
        deployed = self.deployment.quota() if self.deployment else None
        return deployed or (self.config.quotas.concurrent_jobs if self.config else None)
