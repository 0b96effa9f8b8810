"""What each partition of AWS lacks of what we deploy or look at. One template serves them all, so none may use it."""

from dataclasses import dataclass

COMMERCIAL, GOVCLOUD, CHINA = "aws", "aws-us-gov", "aws-cn"
PARTITIONS = (COMMERCIAL, GOVCLOUD, CHINA)
_SCHEMAS = "https://schema.cloudformation.us-gov-west-1.amazonaws.com/CloudformationSchema.zip"
"""CloudFormation's own, one archive for each Region; cfn-lint carries them."""


@dataclass(frozen=True)
class Lack:
    """What partitions do not have: a property of a kind of resource, or the kind itself if no property is named."""

    partitions: tuple[str, ...]
    kind: str
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
"""A kind that a partition lacks is deployed only where it is chosen, and `doctor` refuses that choice there."""
NO_OPT_OUT_POLICIES = {GOVCLOUD: "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-tsc.html"}
"""Partitions to which AI services opt-out policies do not apply, with the source."""


def untaggable() -> list[str]:
    """Kinds of resources that some partition refuses with tags. None of them costs anything."""
    return [lack.kind for lack in LACKS if lack.property == "Tags"]
