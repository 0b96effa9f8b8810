"""The names and ARNs of what is deployed, as text that is known before it exists.

With references instead, key, bucket and queue would each wait for the other; and across stacks CloudFormation would
look every reference up for itself, and would take each for a change when it reverts drift.
"""

from aws_cdk import Aws

from stacks.config import Config


def bucket(config: Config, name: str) -> str:
    """A bucket's name; it ends in account and Region, so that nobody else has it."""
    return f"{config.name}-{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def bucket_arn(config: Config, name: str) -> str:
    """The same as an ARN."""
    return f"arn:{Aws.PARTITION}:s3:::{bucket(config, name)}"


def queue_url(config: Config, name: str) -> str:
    """A queue's URL."""
    return f"https://sqs.{Aws.REGION}.{Aws.URL_SUFFIX}/{Aws.ACCOUNT_ID}/{config.name}-{name}"


def queue_arn(config: Config, name: str) -> str:
    """A queue's ARN."""
    return arn("sqs", f"{config.name}-{name}")


def topic_arn(config: Config, name: str) -> str:
    """A topic's ARN."""
    return arn("sns", f"{config.name}-{name}")


def table(config: Config) -> str:
    """The ledger's name."""
    return f"{config.name}-ledger"


def table_arn(config: Config) -> str:
    """The ledger's ARN."""
    return arn("dynamodb", f"table/{table(config)}")


def function(config: Config, module: str) -> str:
    """The name of the function that runs a module of `lambdas/`."""
    return f"{config.name}-{module.replace('_', '-')}"


def key_export(config: Config) -> str:
    """The name under which the storage stack exports the key's ARN: the only name that AWS chooses."""
    return f"{config.name}-key-arn"


def arn(service: str, resource: str) -> str:
    """The ARN of a resource of this account and Region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def from_ours(service: str, resource: str) -> dict[str, dict[str, str]]:
    """Conditions on a service's principal: only on behalf of this account's resource of that name."""
    return {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": arn(service, resource)}}
