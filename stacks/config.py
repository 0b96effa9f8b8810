"""The configuration of one deployment: read from the context `stethoscript`, and checked before synth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import aws_cdk as cdk

from stacks.config_sections import (
    OLD_VERSION_DAYS,
    RUNTIMES,
    Budget,
    Emails,
    Functions,
    Quotas,
    Reconciling,
    Retention,
)
from stacks.settings_reader import InvalidConfig, check_pattern, check_range, read
from stacks.subscriptions import InvalidSubscription, Subscription
from stethoscript import document_keys, formats, notifications, profiles

__all__ = [
    "OLD_VERSION_DAYS",
    "RUNTIMES",
    "Budget",
    "Config",
    "Emails",
    "Functions",
    "InvalidConfig",
    "Quotas",
    "Reconciling",
    "Retention",
]

_NAME = r"[a-z][a-z0-9]{1,22}"
_KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"
_KEY_ARN_DESCRIPTION = (
    "a key's ARN (not an alias): arn:aws:kms:<region>:<account>:key/<id>; "
    "`aws kms describe-key --key-id alias/<name>` shows it"
)
_POLICY = r"[\w+=,.@/-]{1,512}"
_PRINCIPAL = r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/*-]{1,512}"
_QUALIFIER = r"[A-Za-z0-9_-]{1,10}"
"""The pattern of the CDK's bootstrap template."""
_MAX_POLL_SECONDS = 900
"""SQS's maximum delay of a message."""
_MAX_PROFILES = 40
_MAX_PROFILE_CHARACTERS = 2300
"""Profiles must fit into a function's environment (4 KB) and into the uploaders' policy (6,144 characters)."""
_MAX_SUBSCRIBERS = 50
"""Each subscriber needs three resources, and a stack may have 500."""


class StackProperties(TypedDict, total=False):
    """Properties of every stack of a deployment."""

    synthesizer: cdk.DefaultStackSynthesizer
    permissions_boundary: cdk.PermissionsBoundary


@dataclass(frozen=True)
class Config:
    """One deployment. `docs/deploying.md` describes each setting."""

    name: str
    profiles: Mapping[str, Any]
    documents: tuple[str, ...] = formats.USUAL
    layout: str = "opaque"
    emails: Emails = field(default_factory=Emails)
    subscriptions: tuple[Subscription, ...] = ()
    retention: Retention = field(default_factory=Retention)
    quotas: Quotas = field(default_factory=Quotas)
    reconcile: Reconciling = field(default_factory=Reconciling)
    functions: Functions = field(default_factory=Functions)
    budget: Budget = field(default_factory=Budget)
    key_arn: str | None = None
    transcript_readers: tuple[str, ...] = ()
    readers_hear_audio: bool = False
    permissions_boundary: str | None = None
    bootstrap_qualifier: str | None = None
    retry_delay_seconds: int = 30
    job_poll_seconds: int = 0

    def __post_init__(self) -> None:
        check_pattern("name", self.name, _NAME, "2 to 23 lower-case letters and digits, and begin with a letter")
        names = self._check_profiles()
        try:
            formats.checked(self.documents)
        except formats.InvalidFormats as error:
            raise InvalidConfig(str(error)) from error
        if self.layout not in document_keys.FOLDERS:
            raise InvalidConfig(f"layout must be {' or '.join(document_keys.FOLDERS)}")
        self._check_subscribers(names)
        check_pattern("key_arn", self.key_arn, _KEY_ARN, _KEY_ARN_DESCRIPTION)
        for reader in self.transcript_readers:
            check_pattern("transcript_readers", reader, _PRINCIPAL, "a list of the ARNs of roles or users")
        check_pattern(
            "permissions_boundary", self.permissions_boundary, _POLICY, "a policy's name with its path, not its ARN"
        )
        check_pattern("bootstrap_qualifier", self.bootstrap_qualifier, _QUALIFIER, "1 to 10 letters, digits, - or _")
        check_range("retry_delay_seconds", self.retry_delay_seconds, 1, 60)
        check_range("job_poll_seconds", self.job_poll_seconds, 0, _MAX_POLL_SECONDS)

    @classmethod
    def read(cls, context: object) -> "Config":
        """The configuration from the context's value: an object, or the path of a JSON file with one.

        Raises:
            InvalidConfig: an unknown, missing or invalid setting, or a file that cannot be read.
        """
        if isinstance(context, str):
            context = _from_file(context)
        if context is None:
            raise InvalidConfig("it is missing; deploy from the project's folder, where cdk.json is")
        return read(cls, context)

    def check_key_location(self, account: str | None, region: str | None) -> None:
        """Check that an existing key is in the account and Region of the deployment, as far as they are known.

        Raises:
            InvalidConfig: it is in another. CloudFormation would fail half-way.
        """
        if self.key_arn is None:
            return
        _, _, _, key_region, key_account, _ = self.key_arn.split(":", 5)
        for what, of_key, of_deployment in (("Region", key_region, region), ("account", key_account, account)):
            if of_deployment and of_key != of_deployment:
                raise InvalidConfig(
                    f"key_arn is in the {what} {of_key}, but the deployment is in {of_deployment}; "
                    f"use a key in {of_deployment}"
                )

    @property
    def subscribers(self) -> tuple[Subscription, ...]:
        """Every subscriber of the completion topic: `emails.completion` without a filter, then `subscriptions`."""
        return (*(Subscription("email", address) for address in self.emails.completion), *self.subscriptions)

    def documents_of(self) -> dict[str, tuple[str, ...]]:
        """Document formats by the name of each profile that sets its own. The empty name has those of all others."""
        own = {profile.name: profile.documents for profile in profiles.read(self.profiles)}
        return {"": self.documents} | {name: documents for name, documents in own.items() if documents is not None}

    def stack_properties(self) -> StackProperties:
        """The bootstrap qualifier and the permissions boundary, as properties of a stack."""
        properties: StackProperties = {}
        if self.bootstrap_qualifier:
            properties["synthesizer"] = cdk.DefaultStackSynthesizer(qualifier=self.bootstrap_qualifier)
        if self.permissions_boundary:
            properties["permissions_boundary"] = cdk.PermissionsBoundary.from_name(self.permissions_boundary)
        return properties

    def _check_profiles(self) -> list[str]:
        """The names of the profiles, checked."""
        if not self.profiles:
            raise InvalidConfig('profiles must name at least one prefix, such as "dictation/"')
        try:
            names = [profile.name for profile in profiles.read(self.profiles)]
        except profiles.InvalidSetting as error:
            raise InvalidConfig(str(error)) from error
        if notifications.NONE in names:
            raise InvalidConfig(
                f"profiles: {notifications.NONE!r} means no profile in notifications; use another prefix"
            )
        if len(self.profiles) > _MAX_PROFILES or len(json.dumps(self.profiles)) > _MAX_PROFILE_CHARACTERS:
            raise InvalidConfig(
                f"profiles: at most {_MAX_PROFILES} profiles and {_MAX_PROFILE_CHARACTERS} characters of JSON are valid"
            )
        return names

    def _check_subscribers(self, profile_names: list[str]) -> None:
        ids = [subscriber.id for subscriber in self.subscribers]
        if len(ids) > _MAX_SUBSCRIBERS:
            raise InvalidConfig(f"subscriptions: at most {_MAX_SUBSCRIBERS} are valid, with emails.completion")
        for number, subscription in enumerate(self.subscriptions):
            if ids.count(subscription.id) > 1:
                raise InvalidConfig(f"subscriptions: {subscription.protocol} {subscription.endpoint} is listed twice")
            try:
                subscription.check_profiles(profile_names)
            except InvalidSubscription as error:
                raise InvalidConfig(f"subscriptions[{number}]: {error}") from error


def _from_file(path: str) -> object:
    try:
        content: object = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidConfig(f"cannot read {path}: {error}") from error
    if isinstance(content, Mapping) and {"app", "context", "stethoscript"} & content.keys():
        raise InvalidConfig(f'{path} must hold only the value of "stethoscript": {{"name": …, "profiles": …}}')
    return content
