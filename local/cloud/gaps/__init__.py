"""Differences between MiniStack's services and AWS's: one module for each service, one function for each gap.

Each module has a table `WORKAROUNDS` of its functions and of what each changes in MiniStack. `tests/comparison/cases`
lists the remaining differences, and docs/local-mode.md shows them.
"""

from local.cloud.gaps import (
    cloudwatch_and_kms,
    dynamodb,
    events,
    iam,
    logs,
    s3,
    s3_copies,
    s3_events,
    s3_state,
    sns,
    sqs,
)
from local.cloud.gaps.table import Workarounds

_SERVICES = (s3, s3_copies, s3_events, s3_state, iam, sqs, sns, events, logs, dynamodb, cloudwatch_and_kms)

WORKAROUNDS: Workarounds = {
    workaround: touched for service in _SERVICES for workaround, touched in service.WORKAROUNDS.items()
}
