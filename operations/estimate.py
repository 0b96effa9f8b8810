"""What a month will cost: how often each recording makes the services work, times the one table of prices."""

from collections.abc import Mapping
from dataclasses import dataclass

from operations import price
from operations.price import PRICES

_MINUTES_A_MONTH = 730 * 60
_GB = 1_000_000_000
_WAV_BYTES_A_MINUTE = 16_000 * 2 * 60
_DOCUMENT_BYTES_A_MINUTE = 20_000

QUEUES = 2
ALARMS, METRICS, DASHBOARDS = 13, 50, 1
"""Alarms beside those of subscribers, of which each has one; and at most so many metrics, whatever is chosen."""

ASSUMPTIONS = (
    "All recordings are equally long, in one channel, 16 kHz, 16 bits, uncompressed; each is heard once.",
    "No free tier, no discount, no tax; list prices of us-east-1: other Regions differ.",
    "A start function works 5 s with 256 MB at a recording, a deliver function 3 s with 1.5 GB, twice.",
    "The reconciler runs every five minutes, 3 s with 256 MB, and looks up 10,000 rows each time.",
    "Lambda asks each idle queue 15 times a minute.",
    "All subscribers are told by e-mail, which is the dearest way.",
    "Whoever reads transcripts, and what readers download, is not counted.",
    "Whether AWS multiplies the price by channels, or charges for jobs that fail, its pages do not say.",
)


@dataclass(frozen=True)
class Month:
    """What a month brings.

    `documents` is how many of them each transcript becomes, `subscribers` how many are told of it.
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
        return self.recordings * max(self.seconds_each, price.LEAST_SECONDS) / 60


@dataclass(frozen=True)
class Line:
    """One line of the bill; a quantity of what is used by each recording, or by the month whatever comes."""

    what: str
    quantity: float
    dollars: float
    by_recording: bool

    @property
    def unit(self) -> str:
        """What the quantity counts."""
        return PRICES[self.what].unit


def bill(month: Month) -> list[Line]:
    """The month's bill: what recordings cost, the dearest first, then what costs as much in an idle month."""
    used = [_line(what, each * month.recordings, by_recording=True) for what, each in _by_recording(month).items()]
    fixed = [_line(what, each, by_recording=False) for what, each in _by_month(month.subscribers).items()]
    return [*sorted(used, key=lambda line: -line.dollars), *sorted(fixed, key=lambda line: -line.dollars)]


def _line(what: str, quantity: float, *, by_recording: bool) -> Line:
    return Line(what, quantity, PRICES[what].of(quantity), by_recording)


def _by_recording(month: Month) -> Mapping[str, float]:
    """How much of everything one recording uses."""
    heard = month.billed_minutes / month.recordings if month.recordings else 0.0
    minutes = month.seconds_each / 60
    stored = minutes * (_WAV_BYTES_A_MINUTE + (month.documents + 1) * _DOCUMENT_BYTES_A_MINUTE)
    written = month.documents + 2  # the service's own output and the manifest are documents too
    return {
        "Transcribe Medical": heard,
        "Lambda requests": 3,
        "Lambda time": 5 * 0.25 + 2 * 3 * 1.5,
        "S3 writes": 1
        + 2
        + 2
        + 2
        + written,  # upload; list and copy; twice whether it is deleted; Transcribe's probe and output
        "S3 reads": 6,
        "S3 storage": stored / _GB,
        "SQS": 12,
        "EventBridge": 4,
        "DynamoDB writes": 17,
        "DynamoDB reads": 20,
        "KMS requests": 20,
        "SNS": 1,
        "SNS e-mail": month.subscribers,
        "CloudWatch logs": 10_000 / _GB,
        "X-Ray": 3,
    }


def _by_month(subscribers: int) -> Mapping[str, float]:
    """How much is used whatever comes."""
    runs = _MINUTES_A_MONTH / 5
    return {
        "KMS key": 1,
        "CloudWatch alarms": ALARMS + subscribers,
        "CloudWatch metrics": METRICS,
        "CloudWatch dashboard": DASHBOARDS,
        "SQS": QUEUES * 15 * _MINUTES_A_MONTH,
        "Lambda time": runs * 3 * 0.25,
        "Lambda requests": runs,
        "DynamoDB reads": runs * 10_000 * 0.5,
        "S3 writes": runs * 10,
    }
