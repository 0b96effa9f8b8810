"""The account and the Region: who we are there, and what they must offer before anything can be deployed."""

import json
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws_pages import pages
from operations import errors
from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok
from operations.time_format import span
from stacks import partitions

REGIONS = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
"""Where the Transcribe guide, as of 2026, offers medical batch jobs."""
INCOMPLETE = frozenset({"af-south-1", "ap-east-1", "eu-north-1", "us-gov-east-1", "us-gov-west-1"})
"""Those whose CloudFormation knows neither AWS::Transcribe::MedicalVocabulary nor AWS::Budgets::Budget."""

_OFF_SECONDS, _FAR_OFF_SECONDS = 30, 240
"""AWS refuses a signature that is five minutes off."""
_QUALIFIER = "hnb659fds"
_LEAST_BOOTSTRAP, _SAFE_BOOTSTRAP = 6, 21
"""What the CDK's stacks ask for; and the first whose roles write to no bucket of another account."""
_OPT_OUT = "AISERVICES_OPT_OUT_POLICY"
ASK_FOR_OPT_OUT = (
    "Ask whoever runs your organisation in AWS for an AI services opt-out policy that covers this account: "
    '{"services": {"default": {"opt_out_policy": {"@@assign": "optOut"}}}}.'
)
ASK_FOR_TAG = (
    "Activate the tag `application` under Billing, cost allocation tags, in the account that pays; it takes a day, and "
    "is done once for all deployments."
)
_SIGN_IN = "Sign in (`aws sso login`, or `aws configure` with keys), and look at AWS_PROFILE and AWS_REGION."


def credentials(context: DoctorContext) -> Iterator[Finding]:
    """Whether AWS takes them, and whose they are."""
    try:
        who = context.identity["Arn"]
    except errors.AWS_ERRORS as error:
        skew = _skew(error.response, context.now()) if isinstance(error, ClientError) else 0
        if abs(skew) > _FAR_OFF_SECONDS:
            yield _far_off(skew)
        else:
            yield broken(f"{str(errors.of(error)).partition(':')[0].rstrip('.')}.", _SIGN_IN)
        return
    if who.endswith(":root") and context.aws:
        yield attention(
            "You are the account's root user.", "Sign in as a role that may do what docs/operating.md lists."
        )
    else:
        yield ok(f"Account {context.where.account}, Region {context.where.region}, as {who}")


def clock(context: DoctorContext) -> Iterator[Finding]:
    """How far this machine's clock is from AWS's."""
    skew = _skew(context.identity, context.now())
    if abs(skew) > _FAR_OFF_SECONDS:
        yield _far_off(skew)
    elif abs(skew) > _OFF_SECONDS:
        yield attention(f"This machine's clock is {_off(skew)} AWS's.", "Let it be set by NTP, before AWS refuses it.")
    else:
        yield ok("This machine's clock is AWS's.")


def region(context: DoctorContext) -> Iterator[Finding]:
    """Whether Transcribe Medical is offered: by AWS's list, and by its answer."""
    here, listed = context.where.region, context.where.region in REGIONS
    elsewhere = f"Deploy to one of {', '.join(sorted(REGIONS))}."
    try:
        next(pages(context.client("transcribe"), "list_medical_transcription_jobs", MaxResults=1))  # that it answers
    except errors.AWS_ERRORS as error:
        if listed and errors.denied(error):
            raise
        why = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        if listed:
            yield broken(f"Transcribe Medical does not answer in {here} ({why}).", "Look at AWS's health page.")
        else:
            yield broken(f"There is no Transcribe Medical in {here}.", elsewhere)
        return
    if listed:
        yield ok(f"Transcribe Medical answers in {here}.")
        yield from _incomplete(context)
    else:
        yield attention(f"Transcribe Medical answers in {here}, which AWS's list does not name.", elsewhere)


def _incomplete(context: DoctorContext) -> Iterator[Finding]:
    """Settings that this Region does not support."""
    if context.config is None or context.where.region not in INCOMPLETE:
        return
    if any(settings.get("vocabulary_name") for settings in context.config.profiles.values()):
        yield broken(
            f"CloudFormation cannot make medical vocabularies in {context.where.region}, and a profile names one.",
            "Name none in the profiles; make it by hand (`aws transcribe create-medical-vocabulary`), and let the "
            "recordings' metadata name it.",
        )
    if context.config.budget.monthly_dollars:
        yield broken(
            f"CloudFormation cannot make budgets in {context.where.region}, and one is chosen.",
            "Choose none, and make it by hand in the account that pays.",
        )


def bootstrap(context: DoctorContext) -> Iterator[Finding]:
    """The CDK's own stack, through which everything is deployed."""
    chosen = context.config.bootstrap_qualifier if context.config else None
    qualifier = chosen or _QUALIFIER
    again = "node_modules/.bin/cdk bootstrap" + (f" --qualifier {chosen}" if chosen else "")
    try:
        parameter = context.client("ssm").get_parameter(Name=f"/cdk-bootstrap/{qualifier}/version")["Parameter"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        yield broken("The account has not been bootstrapped for the CDK in this Region.", f"Run `{again}`.")
        return
    version = int(parameter["Value"])
    if version < _LEAST_BOOTSTRAP:
        yield broken(f"The CDK's bootstrap is version {version}, too old to deploy these stacks.", f"Run `{again}`.")
    elif version < _SAFE_BOOTSTRAP:
        yield attention(
            f"The CDK's bootstrap is version {version}, which trusts a bucket by its name alone.", f"Run `{again}`."
        )
    else:
        yield ok(f"The CDK's bootstrap is version {version}.")


def opt_out(context: DoctorContext) -> Iterator[Finding]:
    """Whether AWS may store Transcribe audio to improve its service."""
    if context.where.partition in partitions.NO_OPT_OUT_POLICIES:
        yield ok("AI services opt-out policies do not apply in this partition; there is none to look for.")
        return
    kept = "Amazon may keep and use what Transcribe hears"
    try:
        answer = context.client("organizations").describe_effective_policy(PolicyType=_OPT_OUT)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AWSOrganizationsNotInUseException":
            yield attention(
                f"{kept}: the account is in no organisation, and only that can refuse it.",
                "Make it an organisation (of one account will do) and give it an AI services opt-out policy.",
            )
        elif code == "EffectivePolicyNotFoundException":
            yield attention(f"{kept}: no AI services opt-out policy covers this account.", ASK_FOR_OPT_OUT)
        else:
            raise
        return
    if opted_out(json.loads(answer["EffectivePolicy"]["PolicyContent"])):
        yield ok("An AI services opt-out policy covers Transcribe.")
    else:
        yield attention(f"{kept}: the AI services opt-out policy leaves Transcribe in.", ASK_FOR_OPT_OUT)


def opted_out(policy: Mapping[str, Any]) -> bool:
    """What an effective policy says of Transcribe: its own entry, else the default's.

    >>> opted_out({"services": {"default": {"opt_out_policy": "optOut"}}})
    True
    >>> opted_out({"services": {"default": {"opt_out_policy": "optOut"}, "transcribe": {"opt_out_policy": "optIn"}}})
    False
    """
    services = policy.get("services", {})
    said = services.get("transcribe", services.get("default", {})).get("opt_out_policy")
    return (said.get("@@assign") if isinstance(said, Mapping) else said) == "optOut"


def cost_tags(context: DoctorContext) -> Iterator[Finding]:
    """Whether bills and budgets can separate this deployment by its tag."""
    listed = context.client("ce").get_paginator("list_cost_allocation_tags")
    found = listed.paginate(TagKeys=["application"], Type="UserDefined")
    if any(tag["Status"] == "Active" for page in found for tag in page["CostAllocationTags"]):
        yield ok("The tag `application` tells deployments apart in bills.")
    else:
        yield attention(
            "The tag `application` is not activated for cost allocation: bills and a budget do not see it.",
            ASK_FOR_TAG,
        )


def _skew(answer: Mapping[str, Any], now: float) -> float:
    """Seconds by which this clock is ahead of the response's `Date` header."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return now - parsedate_to_datetime(date).timestamp() if date else 0.0


def _off(skew: float) -> str:
    return f"{span(abs(skew))} {'ahead of' if skew > 0 else 'behind'}"


def _far_off(skew: float) -> Finding:
    return broken(
        f"This machine's clock is {_off(skew)} AWS's, which refuses such signatures.", "Let it be set by NTP."
    )
