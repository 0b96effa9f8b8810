"""Features that some partition of AWS lacks. One template serves all partitions, so it may use none of them."""

from dataclasses import dataclass

COMMERCIAL, GOVCLOUD, CHINA = "aws", "aws-us-gov", "aws-cn"
PARTITIONS = (COMMERCIAL, GOVCLOUD, CHINA)
_SCHEMAS = "https://schema.cloudformation.us-gov-west-1.amazonaws.com/CloudformationSchema.zip"
"""CloudFormation's resource schemas, one archive per Region. cfn-lint contains them."""


@dataclass(frozen=True)
class Lack:
    """A feature that partitions lack: a property of a resource type, or the type itself if `property` is None."""

    partitions: tuple[str, ...]
    resource_type: str
    property: str | None
    source: str


LACKS = (
    Lack(
        (GOVCLOUD,),
        "AWS::Lambda::EventSourceMapping",
        "Tags",
        "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-lambda.html",
    ),
    Lack(
        (GOVCLOUD, CHINA),
        "AWS::Lambda::Function",
        "RecursiveLoop",
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html",
    ),
    Lack(
        (GOVCLOUD,),
        "AWS::Budgets::Budget",
        None,
        _SCHEMAS,
    ),
    Lack(
        (GOVCLOUD, CHINA),
        "AWS::Transcribe::MedicalVocabulary",
        None,
        _SCHEMAS,
    ),
)
"""The template has a missing resource type only if a setting asks for it; `doctor` refuses that setting there."""
NO_OPT_OUT_POLICIES = {GOVCLOUD: "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-tsc.html"}
"""Partitions where AI services opt-out policies do not apply, with the source."""


def untaggable() -> list[str]:
    """Resource types that some partition refuses with tags. They cost nothing, so bills do not need the tag."""
    return [lack.resource_type for lack in LACKS if lack.property == "Tags"]
