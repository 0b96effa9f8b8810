"""What the account allows, how near to it we are, and what this deployment takes for granted."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations import medical_jobs
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok, unknown

_SERVICE = "transcribe"
_AT_ONCE = "L-B882C824"
"""The quota of concurrent medical jobs."""
_NEAR = 0.8
_MORE = "aws service-quotas request-service-quota-increase"
_ASK = f"{_MORE} --service-code transcribe --quota-code"


def concurrent_jobs(context: DoctorContext) -> Iterator[Finding]:
    """The quota of concurrent jobs, the running jobs, and the configured limit."""
    allowed, chosen = _allowed(context), context.concurrent_jobs
    if chosen is not None and chosen > allowed:
        yield attention(
            f"quotas.concurrent_jobs is {chosen}, and the account may run {allowed}: Transcribe refuses the rest.",
            f"Lower it, or ask AWS: `{_ASK} {_AT_ONCE} --desired-value {chosen}`.",
        )
    running = medical_jobs.running(context.client)
    if running >= _NEAR * allowed:
        yield attention(
            f"{running} of {allowed} medical jobs run in this account and Region: recordings wait, or soon will.",
            f"Ask AWS for more (`{_ASK} {_AT_ONCE} --desired-value {2 * allowed}`), then raise quotas.concurrent_jobs.",
        )
    else:
        left = f"; this deployment uses {chosen}" if chosen and chosen < allowed else ""
        yield ok(f"{running} of {allowed} medical jobs run{left}.")


def functions_at_once(context: DoctorContext) -> Iterator[Finding]:
    """How many functions the account runs at once: a new account may run ten, which the defaults use."""
    allowed = context.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if context.config is None:
        yield unknown(f"{allowed} functions may run at once; how many this deployment uses stands in its choices.")
        return
    wanted = context.config.quotas.start_concurrency + context.config.quotas.deliver_concurrency + 1
    if allowed < wanted:
        yield broken(
            f"All functions of the account together may run {allowed} at once, and this deployment alone wants "
            f"{wanted}: AWS throttles them, and messages of theirs end among the dead letters.",
            "Lower quotas.start_concurrency and .deliver_concurrency (2 each at least), or ask AWS for more: "
            f"`{_MORE} --service-code lambda --quota-code L-B99A9384 --desired-value 1000`.",
        )
    else:
        yield ok(f"{allowed} functions may run at once; this deployment uses up to {wanted}.")


def _allowed(context: DoctorContext) -> int:
    """The account's quota; AWS's default where the account has none of its own."""
    asked = {"ServiceCode": _SERVICE, "QuotaCode": _AT_ONCE}
    quotas = context.client("service-quotas")
    try:
        return int(quotas.get_service_quota(**asked)["Quota"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        return int(quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"])
