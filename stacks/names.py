"""The names and ARNs of what is deployed, as text that is known before it exists.

With references instead, key, bucket and queue would each wait for the other; and across stacks CloudFormation would
look every reference up for itself, and would take each for a change when it reverts drift.
"""

from aws_cdk import Aws

from stacks.choices import Choices


def bucket(choices: Choices, name: str) -> str:
    """A bucket's name; it ends in account and Region, so that nobody else has it."""
    return f"{choices.name}-{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def bucket_arn(choices: Choices, name: str) -> str:
    """The same as an ARN."""
    return f"arn:{Aws.PARTITION}:s3:::{bucket(choices, name)}"


def queue_url(choices: Choices, name: str) -> str:
    """A queue's URL."""
    return f"https://sqs.{Aws.REGION}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{choices.name}-{name}"


def queue_arn(choices: Choices, name: str) -> str:
    """A queue's ARN."""
    return arn("sqs", f"{choices.name}-{name}")


def topic_arn(choices: Choices, name: str) -> str:
    """A topic's ARN."""
    return arn("sns", f"{choices.name}-{name}")


def table(choices: Choices) -> str:
    """The ledger's name."""
    return f"{choices.name}-ledger"


def table_arn(choices: Choices) -> str:
    """The ledger's ARN."""
    return arn("dynamodb", f"table/{table(choices)}")


def function(choices: Choices, module: str) -> str:
    """The name of the function that runs a module of `lambdas/`."""
    return f"{choices.name}-{module.replace('_', '-')}"


def key_export(choices: Choices) -> str:
    """The name under which the storage stack exports the key's ARN: the only name that AWS chooses."""
    return f"{choices.name}-key-arn"


def arn(service: str, resource: str) -> str:
    """The ARN of a resource of this account and Region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def from_ours(service: str, resource: str) -> dict[str, dict[str, str]]:
    """Conditions on a service's principal: only on behalf of this account's resource of that name."""
    return {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": arn(service, resource)}}
