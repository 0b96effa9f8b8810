"""What MiniStack's services must answer otherwise, so that they answer as AWS's: one module a service.

Each module has a table `WORKAROUNDS` of functions, each with what it touches of MiniStack. What is still different is
listed with its meaning in `tests/comparison/cases`, and from there in docs/local-mode.md.
"""

from local.cloud.gaps import dynamodb, events, iam, logs, others, s3, s3_copies, s3_events, s3_state, sns, sqs
from local.cloud.gaps.table import Workarounds

_SERVICES = (s3, s3_copies, s3_events, s3_state, iam, sqs, sns, events, logs, dynamodb, others)

WORKAROUNDS: Workarounds = {
    workaround: touched for service in _SERVICES for workaround, touched in service.WORKAROUNDS.items()
}
