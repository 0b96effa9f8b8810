"""The names and ARNs of deployed resources, as text that is known before the resources exist.

References would make key, bucket and queue depend on each other. Across stacks CloudFormation would look up every
reference again, and would treat each as a change when it reverts drift.
"""

from aws_cdk import Aws

from stacks.config import Config


def bucket(config: Config, name: str) -> str:
    """A bucket's name. It ends in account and Region, because bucket names are unique across accounts."""
    return f"{config.name}-{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def bucket_arn(config: Config, name: str) -> str:
    """A bucket's ARN."""
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
    """The name of the ledger's table."""
    return f"{config.name}-ledger"


def table_arn(config: Config) -> str:
    """The ARN of the ledger's table."""
    return arn("dynamodb", f"table/{table(config)}")


def function(config: Config, module: str) -> str:
    """The name of the function that runs a module of `lambdas/`."""
    return f"{config.name}-{module.replace('_', '-')}"


def key_export(config: Config) -> str:
    """The name of the export of the key's ARN. AWS chooses a key's ARN, so it is not known before."""
    return f"{config.name}-key-arn"


def arn(service: str, resource: str) -> str:
    """The ARN of a resource of this account and Region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def only_for(service: str, resource: str) -> dict[str, dict[str, str]]:
    """Conditions on a service's principal: only for this account's resource of that name."""
    return {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": arn(service, resource)}}
