"""Takes what a destroyed stack has left back into it: CloudFormation's import."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations import deployment
from operations.deployment import Client
from operations.errors import Refused
from operations.importing.retained_resources import RetainedStack, Stack

_CHANGE_SET = "take-back"
_LOOK_SECONDS, _LOOKS = 2.0, 900
_UNDER_WAY = ("_IN_PROGRESS", "_PENDING")
_EMPTY = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"})


@dataclass(frozen=True)
class Importer:
    """CloudFormation, and how one waits for it."""

    client: Client
    pause: Callable[[float], None] = time.sleep

    def missing(self, stack: Stack) -> bool:
        """Whether a stack is not there.

        Raises:
            Refused: it is neither there nor gone.
        """
        status = self._status(stack.name)
        if status is None or self._is_empty(stack.name, status):
            return True
        if not status.endswith("_COMPLETE"):
            raise Refused(
                f"The stack {stack.name} is {status}: bring that to its end first "
                '(docs/operating.md, "Remove and import"), then run this again.'
            )
        return False

    def take(self, left: RetainedStack, exports: Mapping[str, str]) -> None:
        """Take all that is left of a stack back into it.

        Raises:
            Refused: CloudFormation rejects the import; the text gives its reason. Nothing has changed.
        """
        stack = left.stack
        self._clear(stack)
        self._propose(left, json.dumps(left.template(exports)))
        self._cloudformation.execute_change_set(StackName=stack.name, ChangeSetName=_CHANGE_SET)
        ended = self._until_it_ends(lambda: self._status(stack.name), stack.name)
        if ended != "IMPORT_COMPLETE":
            raise Refused(f"CloudFormation took nothing back into {stack.name} ({ended}): {self._reason(stack.name)}")

    @property
    def _cloudformation(self) -> Any:
        return self.client("cloudformation")

    def _status(self, name: str) -> str | None:
        found = deployment.stack(name, self.client)
        return str(found["StackStatus"]) if found else None

    def _is_empty(self, name: str, status: str) -> bool:
        """Whether a stack holds nothing: an import or a first creation was begun, or has failed and was taken back."""
        if status != "IMPORT_ROLLBACK_COMPLETE":
            return status in _EMPTY
        return not deployment.resources(name, self.client)

    def _clear(self, stack: Stack) -> None:
        """Remove what an earlier attempt may have left of the stack: a name and events."""
        if (status := self._status(stack.name)) is None:
            return
        if not self._is_empty(stack.name, status):
            raise Refused(f"The stack {stack.name} has come up meanwhile ({status}): look at it, then run this again.")
        # The CDK protects a stack from deletion before it is made, so one whose creation failed is protected too.
        self._cloudformation.update_termination_protection(StackName=stack.name, EnableTerminationProtection=False)
        self._cloudformation.delete_stack(StackName=stack.name, **_as(stack))
        if ended := self._until_it_ends(lambda: self._status(stack.name), stack.name):
            raise Refused(f"What an attempt has left of {stack.name} cannot be deleted: it is {ended}.")

    def _propose(self, left: RetainedStack, template: str) -> None:
        named = {"StackName": left.stack.name, "ChangeSetName": _CHANGE_SET}
        try:
            self._cloudformation.create_change_set(
                **named, ChangeSetType="IMPORT", TemplateBody=template, ResourcesToImport=left.resources(),
                **_as(left.stack),
            )  # fmt: skip
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise Refused(_cannot(left.stack, error.response["Error"].get("Message"))) from error
        self._until_it_ends(lambda: self._cloudformation.describe_change_set(**named)["Status"], left.stack.name)
        proposed = self._cloudformation.describe_change_set(**named)
        if proposed["ExecutionStatus"] != "AVAILABLE":
            raise Refused(_cannot(left.stack, proposed.get("StatusReason")))

    def _until_it_ends(self, status: Callable[[], str | None], name: str) -> str | None:
        for _look in range(_LOOKS):
            found = status()
            if found is None or not found.endswith(_UNDER_WAY):
                return found
            self.pause(_LOOK_SECONDS)
        raise Refused(f"{name} has not come to an end in half an hour: look at its events, then run this again.")

    def _reason(self, name: str) -> str:
        """Why an import failed: the newest events come first, and the first failure is the cause."""
        listed = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [each for page in listed for each in page["StackEvents"]]
        failed = [each for each in events if each["ResourceStatus"] == "IMPORT_FAILED"]
        return str(failed[-1].get("ResourceStatusReason")) if failed else "its events give no reason."


def _as(stack: Stack) -> Mapping[str, str]:
    """The role that deploys the stack, so that importing takes no more rights than deploying."""
    return {"RoleARN": stack.role} if stack.role else {}


def _cannot(stack: Stack, why: str | None) -> str:
    return f"CloudFormation cannot take {stack.name} back: {why or 'it gives no reason.'}"
