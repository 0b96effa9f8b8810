"""Uploads that no function has looked at yet: they are in the intake bucket and have no row in the ledger."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws_pages import pages
from operations.deployment import Deployment
from operations.errors import absent, denied
from stethoscript import jobs, object_metadata
from stethoscript.uploads import Upload, is_folder

SINCE_SECONDS = 30 * 86400
"""How far back a search goes by default. The reconciler announces younger uploads that nobody has looked at."""
MOST_VERSIONS = 200_000
"""Versions that a search lists at most: 1,000 a call."""
MOST_ASKED = 2_000
"""Uploads whose metadata a search reads at most, the newest first: one call each."""
Say = Callable[[str], None]
_AT_ONCE = 16
_QUIET_SECONDS = 2.0


def recent() -> int:
    """The default start of a search."""
    return int(time.time()) - SINCE_SECONDS


@dataclass(frozen=True)
class Waiting:
    """An upload without a row; `name` is the recording's."""

    name: str
    upload: Upload
    uploaded: int


@dataclass
class Search:
    """One search of the intake bucket, and why it ended before it was through, if it did.

    `say` is called with a line of progress, first after two seconds.
    """

    deployment: Deployment
    since: int
    say: Say = lambda _line: None
    most_versions: int = MOST_VERSIONS
    most_asked: int = MOST_ASKED
    clock: Callable[[], float] = time.monotonic
    stopped: str | None = field(default=None, init=False)
    _said: float = field(init=False)

    def __post_init__(self) -> None:
        self._said = self.clock()

    def uploads(self) -> Iterator[Waiting]:
        """Every upload without a row since then, in the order of their keys."""
        listed = 0
        for page in pages(self.deployment.client("s3"), "list_object_versions", Bucket=self.deployment.intake):
            yield from self._without_row(page.get("Versions", []))
            listed += len(page.get("Versions", []))
            self._progress(f"Looked through {listed:,} versions in the intake bucket …")
            if listed >= self.most_versions and page.get("IsTruncated"):
                self.stopped = f"the first {listed:,} versions in the intake bucket"
                return

    def correlated(self, uploads: Iterable[Waiting], correlation_id: str) -> list[Waiting]:
        """Those of the uploads whose metadata carries this correlation id; the newest are asked first."""
        waiting = list(uploads)
        asked = nlargest(self.most_asked, waiting, key=lambda each: each.uploaded)
        if len(asked) < len(waiting):
            self.stopped = f"the metadata of the {len(asked):,} newest of {len(waiting):,} uploads that wait"
        found: list[Waiting] = []
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                given = pool.map(self._correlation_id, asked)
                for number, (each, carried) in enumerate(zip(asked, given, strict=True), 1):
                    self._progress(f"Read the metadata of {number:,} of {len(asked):,} uploads that wait …")
                    found += [each] if carried == correlation_id else []
        except ClientError as error:
            if not denied(error):
                raise
            self.stopped = "the names of uploads that wait (their metadata needs s3:GetObjectVersion)"
        return found

    def _without_row(self, versions: Iterable[dict[str, Any]]) -> Iterator[Waiting]:
        recent = {}
        for version in versions:
            upload = Upload(self.deployment.intake, version["Key"], version["VersionId"])
            uploaded = int(version["LastModified"].timestamp())
            if uploaded >= self.since and not is_folder(upload.key, version["Size"]):
                name = jobs.recording(self.deployment.name, upload)
                recent[name] = Waiting(name, upload, uploaded)
        known = self.deployment.ledger.known(list(recent))
        yield from (each for name, each in recent.items() if name not in known)

    def _correlation_id(self, waiting: Waiting) -> str | None:
        upload = waiting.upload
        try:
            head = self.deployment.client("s3").head_object(
                Bucket=upload.bucket, Key=upload.key, VersionId=upload.version
            )
        except ClientError as error:
            if absent(error) or error.response["Error"]["Code"] in ("400", "404", "405"):
                return None  # deleted meanwhile, or encrypted with a key of the uploader's
            raise
        return object_metadata.correlation_id(head["Metadata"])

    def _progress(self, line: str) -> None:
        if self.clock() - self._said > _QUIET_SECONDS:
            self._said = self.clock()
            self.say(line)
