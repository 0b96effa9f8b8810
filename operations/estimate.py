"""What a month will cost: how often each recording makes the services work, times the one table of prices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from operations import prices
from operations.prices import PRICES

HOURS = 730
_MINUTES_A_MONTH = HOURS * 60
_BUSY_HOURS = 264
"""In which recordings come: twelve a day, 22 days a month."""
_GB = 1_000_000_000
_WAV_BYTES_A_MINUTE = 16_000 * 2 * 60
_DOCUMENT_BYTES_A_MINUTE = 20_000

QUEUES = 2
ALARMS, DASHBOARDS = 14, 1
"""Alarms beside those of subscribers, of which each has one."""
METRICS_EACH, METRICS = 8, 50
"""Metrics that a recording which ends well sends, and all that there are, those by reason included."""
RUNS = _MINUTES_A_MONTH / 5
SWEEPS = HOURS
_RECENT_DAYS = 2
"""What a sweep looks up: the uploads of two days in most, of thirty in one a day."""
_KEY_VERSIONS = 3
"""Of a key that is rotated each year, those that are charged for: from its second rotation on."""

ASSUMPTIONS = (
    "All recordings are equally long, in one channel, 16 kHz, 16 bits, uncompressed; each is heard once.",
    "No free tier, no discount, no tax; list prices of us-east-1: other Regions differ.",
    "A start function works 1 s with 256 MB at a recording, a deliver function 2 s with 1.5 GB, twice.",
    "The reconciler runs every five minutes, 1 s with 256 MB, and goes through the bucket once an hour.",
    "It looks up the uploads of two days, once a day those of thirty.",
    "Recordings come in twelve hours of 22 days; a metric is charged for each hour in which it was sent.",
    "Lambda asks each idle queue 15 times a minute.",
    "All subscribers are told by e-mail, which is the dearest way.",
    "Whoever reads transcripts, and what readers download, is not counted.",
    "Whether AWS multiplies the price by channels, or charges for jobs that fail, its pages do not say.",
    "At most: every metric in every hour, a dashboard beyond the account's first three, a key that was rotated twice.",
    "Each of the key's first two yearly rotations adds $1 a month.",
)


@dataclass(frozen=True)
class Month:
    """What a month brings.

    `documents` counts the documents of a transcript, `subscribers` its notifications.
    """

    minutes: float
    recordings: int
    documents: int
    subscribers: int = 1

    @property
    def seconds_each(self) -> float:
        """How long a recording is."""
        return self.minutes * 60 / self.recordings if self.recordings else 0.0

    @property
    def billed_minutes(self) -> float:
        """What Transcribe charges: at least 15 seconds of each recording."""
        return self.recordings * max(self.seconds_each, prices.LEAST_SECONDS) / 60

    @property
    def busy_hours(self) -> float:
        """Hours in which at least one recording ends, as they come at random."""
        return _BUSY_HOURS * (1 - math.exp(-self.recordings / _BUSY_HOURS))


@dataclass(frozen=True)
class Line:
    """One line of the bill; a quantity of what is used by each recording, or by the month whatever comes.

    `ceiling` is what the line can come to at most.
    """

    what: str
    quantity: float
    dollars: float
    by_recording: bool
    ceiling: float

    @property
    def unit(self) -> str:
        """What the quantity counts."""
        return PRICES[self.what].unit


def bill(month: Month) -> list[Line]:
    """The month's bill: what recordings cost, the dearest first, then what costs as much in an idle month."""
    used = [_line(what, each * month.recordings, by_recording=True) for what, each in by_recording(month).items()]
    fixed = [
        _line(what, each, by_recording=False, most=_at_most(month).get(what)) for what, each in _by_month(month).items()
    ]
    return [*sorted(used, key=lambda line: -line.dollars), *sorted(fixed, key=lambda line: -line.ceiling)]


def _line(what: str, quantity: float, *, by_recording: bool, most: float | None = None) -> Line:
    dollars = PRICES[what].of(quantity)
    return Line(what, quantity, dollars, by_recording, dollars if most is None else PRICES[what].of(most))


def by_recording(month: Month) -> Mapping[str, float]:
    """How much of everything one recording uses."""
    heard = month.billed_minutes / month.recordings if month.recordings else 0.0
    minutes = month.seconds_each / 60
    stored = minutes * (_WAV_BYTES_A_MINUTE + (month.documents + 1) * _DOCUMENT_BYTES_A_MINUTE)
    written = month.documents + 2  # the service's own output and the manifest are documents too
    return {
        "Transcribe Medical": heard,
        "Lambda requests": 3,
        "Lambda time": 1 * 0.25 + 2 * 2 * 1.5,
        "S3 writes": 1 + 2 + 2 + 2 + written,  # upload; list and copy; twice whether it is deleted; probe and output
        "S3 reads": 5,
        "S3 storage": stored / _GB,
        "SQS": 8,
        "EventBridge": 6,
        "DynamoDB writes": 13,
        "DynamoDB reads": 8,
        "KMS requests": 20,
        "SNS": 1,
        "SNS e-mail": month.subscribers,
        "CloudWatch logs": 10_000 / _GB,
        "X-Ray": 3,
    }


def _by_month(month: Month) -> Mapping[str, float]:
    """Usage per month that does not depend on recordings, and usage per hour."""
    pages = math.ceil(month.recordings / 1000) or 1
    rows = month.recordings / 30 * (_RECENT_DAYS + 30 / 24)
    return {
        "KMS key": 1,
        "CloudWatch alarms": ALARMS + month.subscribers,
        "CloudWatch metrics": METRICS_EACH * month.busy_hours / HOURS,
        "CloudWatch dashboard": 0,
        "SQS": QUEUES * 15 * _MINUTES_A_MONTH + RUNS,
        "Lambda time": RUNS * 1 * 0.25,
        "Lambda requests": RUNS,
        "EventBridge Scheduler": RUNS,
        "DynamoDB reads": RUNS * 2.5 + SWEEPS * rows * 0.5,
        "DynamoDB writes": SWEEPS * pages,
        "S3 writes": SWEEPS * pages,
    }


def _at_most(month: Month) -> Mapping[str, float]:
    """What of that can be more than is to be expected."""
    return {
        "KMS key": _KEY_VERSIONS,
        "CloudWatch metrics": METRICS if month.recordings else 0,
        "CloudWatch dashboard": DASHBOARDS,
    }
