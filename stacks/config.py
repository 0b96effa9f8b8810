"""What a deployment decides: read from the context `stethoscript`, checked before anything is synthesised."""

import difflib
import json
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypedDict, TypeVar, get_args, get_origin, get_type_hints

import aws_cdk as cdk

from stacks.subscriptions import EMAIL, InvalidSubscription, Subscription
from stethoscript import document_keys, formats, notifications, profiles

Value = TypeVar("Value")

OLD_VERSION_DAYS = 30
"""Days an overwritten or expired object's old version is kept."""
_ROW_MARGIN = 180
"""Days a ledger row outlives its audio: twice Transcribe's own memory of a job."""
_LOG_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")
"""Lambda's Python runtimes, from the oldest that our code runs on; a test compares them with the SDK's model of Lambda,
which knows new ones before the CDK does."""
_KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"
_KEY_MEANT = (
    "a key's ARN (not an alias): arn:aws:kms:<region>:<account>:key/<id>; "
    "`aws kms describe-key --key-id alias/<name>` shows it"
)
_POLICY = r"[\w+=,.@/-]{1,512}"
_PRINCIPAL = r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/*-]{1,512}"
_QUALIFIER = r"[A-Za-z0-9_-]{1,10}"  # as the CDK's bootstrap template takes it
_MOST_CONCURRENCY = 1000
_MOST_DELAY = 900
_RAREST_RUN = 30
"""Minutes between runs of the reconciler at most: an alarm expects one an hour."""
_RAREST_SWEEP = 12 * 60
"""Minutes between sweeps at most: each looks at the uploads of the last day."""
_MOST_BUDGET_EMAILS = 10
_MOST_PROFILES = 40
_MOST_PROFILE_TEXT = 2300
"""What fits into a function's environment (4 KB) and into the uploaders' policy (6,144 characters)."""
_MOST_SUBSCRIBERS = 50
"""Each is three resources, of which a stack holds 500."""


class InvalidConfig(ValueError):
    """A choice that cannot be deployed; names it and says what would do."""


class StackProperties(TypedDict, total=False):
    """What every stack of a deployment is given."""

    synthesizer: cdk.DefaultStackSynthesizer
    permissions_boundary: cdk.PermissionsBoundary


@dataclass(frozen=True)
class Retention:
    """Days that things are kept; 0 means for ever."""

    audio_days: int = 0
    transcript_days: int = 0
    log_days: int = 365
    access_log_days: int = 90
    lock_days: int = 0

    def __post_init__(self) -> None:
        for name in ("audio_days", "transcript_days", "lock_days"):
            _at_least(f"retention.{name}", getattr(self, name), 0)
        for name in ("audio_days", "transcript_days"):
            if 0 < getattr(self, name) < self.lock_days:
                raise InvalidConfig(f"retention.lock_days must not be more than retention.{name}: both cannot be kept")
        _at_least("retention.access_log_days", self.access_log_days, 1)
        if self.log_days not in _LOG_DAYS:
            raise InvalidConfig(f"retention.log_days must be one of {', '.join(map(str, _LOG_DAYS))}")

    @property
    def row_days(self) -> int:
        """Days a ledger row is kept: longer than any version of its audio, or a sweep would pay twice."""
        return self.audio_days + OLD_VERSION_DAYS + _ROW_MARGIN if self.audio_days else 0


@dataclass(frozen=True)
class Emails:
    """Who is written to; each address is asked by AWS to confirm."""

    completion: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for addresses in (self.completion, self.operations):
            _check_addresses("emails", addresses)


@dataclass(frozen=True)
class Quotas:
    """The account's quotas of Transcribe Medical, and how many functions work at them."""

    concurrent_jobs: int = 250
    start_concurrency: int = 4
    deliver_concurrency: int = 5

    def __post_init__(self) -> None:
        _at_least("quotas.concurrent_jobs", self.concurrent_jobs, 1)
        for name in ("start_concurrency", "deliver_concurrency"):
            _between(f"quotas.{name}", getattr(self, name), 2, _MOST_CONCURRENCY)  # MaximumConcurrency's range


@dataclass(frozen=True)
class Reconciling:
    """How often and how far the reconciler looks: at jobs in every run, through the intake bucket by sweeps."""

    every_minutes: int = 5
    grace_seconds: int = 1800
    sweep_minutes: int = 60
    sweep_pages: int = 10

    def __post_init__(self) -> None:
        _between("reconcile.every_minutes", self.every_minutes, 1, _RAREST_RUN)
        _between("reconcile.sweep_minutes", self.sweep_minutes, 0, _RAREST_SWEEP)
        _at_least("reconcile.sweep_pages", self.sweep_pages, 1)
        _at_least("reconcile.grace_seconds", self.grace_seconds, 0)


@dataclass(frozen=True)
class Functions:
    """What the functions run on, as Lambda names it."""

    runtime: str = "python3.14"
    architecture: str = "arm64"

    def __post_init__(self) -> None:
        if self.runtime not in RUNTIMES:
            raise InvalidConfig(
                f"functions.runtime: Lambda has no {self.runtime} that the functions' code runs on; choose one of "
                f"{', '.join(RUNTIMES)}"
            )
        if self.architecture not in ("arm64", "x86_64"):
            raise InvalidConfig("functions.architecture must be arm64 or x86_64")


@dataclass(frozen=True)
class Budget:
    """What a month may cost, and who is written to when it costs, or is going to cost, more."""

    monthly_dollars: int = 0
    emails: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _at_least("budget.monthly_dollars", self.monthly_dollars, 0)
        _check_addresses("budget.emails", self.emails)
        if bool(self.monthly_dollars) is not bool(self.emails):
            raise InvalidConfig("budget needs both monthly_dollars and emails, or neither")
        if len(self.emails) > _MOST_BUDGET_EMAILS:
            raise InvalidConfig(f"budget.emails: AWS writes to at most {_MOST_BUDGET_EMAILS}")


@dataclass(frozen=True)
class Config:
    """One deployment. `docs/deploying.md` describes each choice."""

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
        if not re.fullmatch(r"[a-z][a-z0-9]{1,22}", self.name):
            raise InvalidConfig("name must be 2 to 23 lower-case letters and digits, beginning with a letter")
        if not self.profiles:
            raise InvalidConfig('profiles must name at least one prefix, such as "dictation/"')
        try:
            names = [profile.name for profile in profiles.read(self.profiles)]
            formats.checked(self.documents)
        except (profiles.InvalidSetting, formats.InvalidFormats) as bad:
            raise InvalidConfig(str(bad)) from bad
        if notifications.NONE in names:
            raise InvalidConfig(
                f"profiles: {notifications.NONE!r} is what notifications call no profile; choose another prefix"
            )
        if self.layout not in document_keys.FOLDERS:
            raise InvalidConfig(f"layout must be {' or '.join(document_keys.FOLDERS)}")
        self._check_subscribers(names)
        if len(self.profiles) > _MOST_PROFILES or len(json.dumps(self.profiles)) > _MOST_PROFILE_TEXT:
            raise InvalidConfig(
                f"profiles: at most {_MOST_PROFILES}, and {_MOST_PROFILE_TEXT} characters of JSON, fit in"
            )
        _like("key_arn", self.key_arn, _KEY_ARN, _KEY_MEANT)
        for reader in self.transcript_readers:
            _like("transcript_readers", reader, _PRINCIPAL, "a list of the ARNs of roles or users")
        _like("permissions_boundary", self.permissions_boundary, _POLICY, "a policy's name, with its path, not its ARN")
        _like("bootstrap_qualifier", self.bootstrap_qualifier, _QUALIFIER, "1 to 10 letters, digits, - or _")
        _between("retry_delay_seconds", self.retry_delay_seconds, 1, 60)
        _between("job_poll_seconds", self.job_poll_seconds, 0, _MOST_DELAY)

    def check_key_place(self, account: str | None, region: str | None) -> None:
        """See to it that a key that is brought is of the account and Region that are deployed to, where they are known.

        Raises:
            BadChoice: it is of another, where CloudFormation would fail half-way.
        """
        if self.key_arn is None:
            return
        _, _, _, key_region, key_account, _ = self.key_arn.split(":", 5)
        for what, of_key, here in (("Region", key_region, region), ("account", key_account, account)):
            if here and of_key != here:
                raise InvalidConfig(
                    f"key_arn is of the {what} {of_key}, and this deploys to {here}; bring a key of {here}"
                )

    @property
    def subscribers(self) -> tuple[Subscription, ...]:
        """Everybody who is told of recordings: the addresses that hear of all, then the subscriptions."""
        return (*(Subscription("email", address) for address in self.emails.completion), *self.subscriptions)

    def documents_of(self) -> dict[str, tuple[str, ...]]:
        """The forms of each profile that chooses its own, by its name; under no name, those of all others."""
        chosen = {profile.name: profile.documents for profile in profiles.read(self.profiles)}
        return {"": self.documents} | {name: forms for name, forms in chosen.items() if forms is not None}

    def _check_subscribers(self, profile_names: list[str]) -> None:
        ids = [each.id for each in self.subscribers]
        if len(ids) > _MOST_SUBSCRIBERS:
            raise InvalidConfig(f"subscriptions: at most {_MOST_SUBSCRIBERS}, e-mail addresses included, fit in")
        for number, each in enumerate(self.subscriptions):
            if ids.count(each.id) > 1:
                raise InvalidConfig(f"subscriptions: {each.protocol} {each.endpoint} is there twice")
            try:
                each.check_profiles(profile_names)
            except InvalidSubscription as bad:
                raise InvalidConfig(f"subscriptions[{number}]: {bad}") from bad

    @classmethod
    def read(cls, context: object) -> "Config":
        """Choices from the context's value: an object, or the path of a JSON file that holds one.

        Raises:
            BadChoice: an unknown, missing or impossible choice.
        """
        if isinstance(context, str):
            path = context
            try:
                context = json.loads(Path(path).read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise InvalidConfig(f"cannot read choices from {path}: {error}") from error
            if isinstance(context, Mapping) and {"app", "context", "stethoscript"} & context.keys():
                raise InvalidConfig(
                    f'{path} shall hold only what is within "stethoscript": {{"name": …, "profiles": …}}'
                )
        if context is None:
            raise InvalidConfig("is missing; deploy from the project's folder, where cdk.json is")
        return _read(cls, context, "")

    def stack_properties(self) -> StackProperties:
        """How the customer's organisation wants stacks to be deployed."""
        properties: StackProperties = {}
        if self.bootstrap_qualifier:
            properties["synthesizer"] = cdk.DefaultStackSynthesizer(qualifier=self.bootstrap_qualifier)
        if self.permissions_boundary:
            properties["permissions_boundary"] = cdk.PermissionsBoundary.from_name(self.permissions_boundary)
        return properties


def _read(kind: type[Value], given: object, path: str) -> Value:
    if not isinstance(given, Mapping):
        raise InvalidConfig(f"{path.rstrip('.') or 'it'} must be an object")
    hints = get_type_hints(kind)
    for name in given:
        if name not in hints:
            near = difflib.get_close_matches(name, hints, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(hints)}"
            raise InvalidConfig(f"unknown choice {path}{name}{hint}")
    missing = [each.name for each in fields(kind) if _required(each) and each.name not in given]  # type: ignore[arg-type]
    if missing:
        raise InvalidConfig(f"{path}{missing[0]} is missing")
    values = {name: _value(hints[name], value, f"{path}{name}") for name, value in given.items()}
    try:
        return kind(**values)
    except InvalidSubscription as bad:
        raise InvalidConfig(f"{path.rstrip('.')}: {bad}") from bad


def _required(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _value(hint: Any, value: Any, path: str) -> Any:
    """A JSON value as the choice's type wants it; never a silent conversion."""
    if is_dataclass(hint):
        return _read(hint, value, f"{path}.")  # type: ignore[arg-type]
    if get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
        if not isinstance(value, list):
            raise InvalidConfig(f"{path} must be a list of objects")
        return tuple(_read(get_args(hint)[0], each, f"{path}[{number}].") for number, each in enumerate(value))
    if get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InvalidConfig(f"{path} must be a list of texts")
        return tuple(value)
    allowed = get_args(hint) if isinstance(hint, types.UnionType) else (get_origin(hint) or hint,)
    if type(value) not in allowed and not (Mapping in allowed and isinstance(value, Mapping)):
        raise InvalidConfig(f"{path} must be {_WORDS.get(allowed[0], 'an object')}, not {json.dumps(value)}")
    return value


def _check_addresses(name: str, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        if not re.fullmatch(EMAIL, address):
            raise InvalidConfig(f"{name}: {address!r} is not an e-mail address")
        if addresses.count(address) > 1:
            raise InvalidConfig(f"{name}: {address!r} is there twice")


_WORDS = {int: "a whole number", str: "a text", bool: "true or false"}


def _like(name: str, text: str | None, pattern: str, meant: str) -> None:
    if text is not None and not re.fullmatch(pattern, text, re.ASCII):
        raise InvalidConfig(f"{name} must be {meant}")


def _at_least(name: str, number: int, least: int) -> None:
    if number < least:
        raise InvalidConfig(f"{name} must be at least {least}")


def _between(name: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise InvalidConfig(f"{name} must be from {least} to {most}")
