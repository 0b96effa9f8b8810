"""Counts and prices uploads without a ledger row, and announces them on request."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from adapters import audio_probe
from adapters.aws_pages import onward, pages
from adapters.s3_range_file import S3RangeFile, WrongRange, read_range
from operations import prices, queues
from operations.deployment import Deployment
from operations.prices import Estimate
from stethoscript import jobs
from stethoscript.rejections import Rejected
from stethoscript.uploads import NO_VERSION, Upload, is_folder

GRACE_SECONDS = 900
"""The functions may still be processing a younger upload."""
_AT_ONCE = 16
_VERSIONS = "list_object_versions"


@dataclass(frozen=True)
class Found:
    """An object version without a ledger row."""

    upload: Upload
    size: int
    age: float


@dataclass(frozen=True)
class Tally:
    """The running totals of a backfill."""

    estimate: Estimate = field(default_factory=Estimate)
    known: int = 0
    young: int = 0
    refused: int = 0
    """Uploads under no profile. The functions would reject them at no cost."""
    unversioned: int = 0
    """Uploads without a version id. No function processes them."""


def run(
    deployment: Deployment, prefix: str, now: float, *, go: bool, say: Callable[[Tally], None] = lambda _tally: None
) -> Tally:
    """Read every version under the prefix, one page at a time. With `go`, announce uploads without a row.

    The ledger stores the next page's marker after a page is announced. A restart with the same prefix continues
    there. It announces at most one page twice, which is harmless.
    """
    tally, profiles = Tally(), deployment.profiles()
    after = _cursor(deployment, prefix) if go else {}
    for page in pages(deployment.client("s3"), _VERSIONS, Bucket=deployment.intake, Prefix=prefix, **after):
        found, skipped = _unheard_of(deployment, page, now)
        named = [each for each in found if not profiles or each.upload.key.startswith(profiles)]
        if go:
            queues.announce(deployment, [each.upload for each in found])
            deployment.ledger.move_backfill_cursor(_next(page, prefix))
        tally = Tally(
            tally.estimate + prices.estimate(_lengths(deployment, named)),
            tally.known + skipped["known"],
            tally.young + skipped["young"],
            tally.refused + len(found) - len(named),
            tally.unversioned + skipped["unversioned"],
        )
        say(tally)
    return tally


def _cursor(deployment: Deployment, prefix: str) -> Mapping[str, str]:
    markers = dict(deployment.ledger.backfill_cursor())
    return markers if markers.pop("Prefix", None) == prefix else {}


def _next(page: Mapping[str, Any], prefix: str) -> Mapping[str, str]:
    following = onward(_VERSIONS, page)
    return {"Prefix": prefix} | following if following else {}


def _unheard_of(deployment: Deployment, page: Mapping[str, Any], now: float) -> tuple[list[Found], Mapping[str, int]]:
    named: dict[str, Found] = {}
    for version in page.get("Versions", []):
        upload = Upload(deployment.intake, version["Key"], version["VersionId"])
        if not is_folder(upload.key, version["Size"]):
            found = Found(upload, version["Size"], now - version["LastModified"].timestamp())
            named[jobs.recording(deployment.name, upload)] = found
    known = deployment.ledger.rows(named)
    unheard = [found for recording, found in named.items() if recording not in known]
    versioned = [found for found in unheard if found.upload.version != NO_VERSION]
    old = [found for found in versioned if found.age >= GRACE_SECONDS]
    skipped = {"young": len(versioned) - len(old), "unversioned": len(unheard) - len(versioned)}
    return old, {"known": len(known), **skipped}


def _lengths(deployment: Deployment, found: list[Found]) -> list[float | None]:
    deployment.client("s3")  # create the client before the threads, because creating clients is not thread-safe
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(lambda each: _seconds(deployment, each), found))


def _seconds(deployment: Deployment, found: Found) -> float | None:
    """Audio length in seconds from the header; None if it is missing or access is denied."""
    source = {"Bucket": found.upload.bucket, "Key": found.upload.key, "VersionId": found.upload.version}

    def fetch(begin: int, end: int) -> bytes:
        return read_range(deployment.client("s3"), source, begin, end, found.size)

    try:
        _, info = audio_probe.probe(S3RangeFile(found.size, fetch), found.upload.key)
    except (Rejected, ClientError, WrongRange):
        return None
    return info.seconds
