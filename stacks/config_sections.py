"""The sections of a deployment's configuration: settings that stand together in an object of their own."""

from dataclasses import dataclass

from stacks.settings_reader import InvalidConfig, check_addresses, check_minimum, check_range

OLD_VERSION_DAYS = 30
"""Days that S3 keeps the old version of an overwritten or expired object."""
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")
"""Lambda's Python runtimes, from the oldest that our code supports. A test compares them with the SDK's model,
because the CDK knows new runtimes later."""
_ROW_MARGIN_DAYS = 180
"""Days from the deletion of audio to the expiry of its ledger row: twice the time that Transcribe keeps a job."""
_LOG_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""The retention times that CloudWatch Logs accepts."""
_MIN_CONCURRENCY, _MAX_CONCURRENCY = 2, 1000
"""Lambda's range of MaximumConcurrency."""
_MAX_RECONCILE_MINUTES = 30
"""An alarm expects a run of the reconciler every hour."""
_MAX_SWEEP_MINUTES = 12 * 60
"""A sweep checks the uploads of the last day."""
_MAX_BUDGET_EMAILS = 10


@dataclass(frozen=True)
class Retention:
    """Retention times in days. For `audio_days` and `transcript_days` 0 means forever; for `lock_days`, no lock."""

    audio_days: int = 0
    transcript_days: int = 0
    log_days: int = 365
    access_log_days: int = 90
    lock_days: int = 0

    def __post_init__(self) -> None:
        for name in ("audio_days", "transcript_days", "lock_days"):
            check_minimum(f"retention.{name}", getattr(self, name), 0)
        for name in ("audio_days", "transcript_days"):
            if 0 < getattr(self, name) < self.lock_days:
                raise InvalidConfig(
                    f"retention.lock_days must not be more than retention.{name}, because a lock prevents the deletion"
                )
        check_minimum("retention.access_log_days", self.access_log_days, 1)
        if self.log_days not in _LOG_DAYS:
            raise InvalidConfig(f"retention.log_days must be one of {', '.join(map(str, _LOG_DAYS))}")

    @property
    def row_days(self) -> int:
        """Days until a ledger row expires, or 0 for never.

        A row outlives every version of its audio. Otherwise a sweep would start a second job for the same audio.
        """
        return self.audio_days + OLD_VERSION_DAYS + _ROW_MARGIN_DAYS if self.audio_days else 0


@dataclass(frozen=True)
class Emails:
    """E-mail addresses to notify. AWS asks each address to confirm."""

    completion: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_addresses("emails.completion", self.completion)
        check_addresses("emails.operations", self.operations)


@dataclass(frozen=True)
class Quotas:
    """The account's quota of concurrent jobs of Transcribe Medical, and the maximum concurrency of our functions."""

    concurrent_jobs: int = 250
    start_concurrency: int = 4
    deliver_concurrency: int = 5

    def __post_init__(self) -> None:
        check_minimum("quotas.concurrent_jobs", self.concurrent_jobs, 1)
        for name in ("start_concurrency", "deliver_concurrency"):
            check_range(f"quotas.{name}", getattr(self, name), _MIN_CONCURRENCY, _MAX_CONCURRENCY)


@dataclass(frozen=True)
class Reconciling:
    """How often the reconciler checks jobs, and how often and how far it sweeps the intake bucket."""

    every_minutes: int = 5
    grace_seconds: int = 1800
    sweep_minutes: int = 60
    sweep_pages: int = 10

    def __post_init__(self) -> None:
        check_range("reconcile.every_minutes", self.every_minutes, 1, _MAX_RECONCILE_MINUTES)
        check_range("reconcile.sweep_minutes", self.sweep_minutes, 0, _MAX_SWEEP_MINUTES)
        check_minimum("reconcile.sweep_pages", self.sweep_pages, 1)
        check_minimum("reconcile.grace_seconds", self.grace_seconds, 0)


@dataclass(frozen=True)
class Functions:
    """The functions' runtime and architecture, by Lambda's names."""

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
    """The monthly budget in US dollars (0 is none), and the addresses to notify when cost or forecast exceeds it."""

    monthly_dollars: int = 0
    emails: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_minimum("budget.monthly_dollars", self.monthly_dollars, 0)
        check_addresses("budget.emails", self.emails)
        if bool(self.monthly_dollars) is not bool(self.emails):
            raise InvalidConfig("budget needs both monthly_dollars and emails, or neither")
        if len(self.emails) > _MAX_BUDGET_EMAILS:
            raise InvalidConfig(f"budget.emails: AWS accepts at most {_MAX_BUDGET_EMAILS}")
