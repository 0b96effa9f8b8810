"""Create, Get, List, Update and Delete of medical vocabularies, and the check after Create and Update."""

import asyncio
import logging
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.transcribe_medical import caller_permissions, vocabularies
from local.transcribe_medical.cloud_port import Caller, CloudPort
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.pagination import page
from local.transcribe_medical.request_validation import Refused, Request, bad_request
from local.transcribe_medical.s3_locations import named
from local.transcribe_medical.vocabularies import FAILED, PENDING, READY, Vocabulary
from stethoscript import vocabulary as tables
from stethoscript.vocabulary import InvalidTable, Term

MOST = 100
MOST_PENDING = 10
PENDING_SECONDS = 0.2  # minutes on AWS; long enough to be visible
DOWNLOADS = "/_transcribe-medical/vocabularies/"

ABSENT = "The requested vocabulary couldn't be found. Check the vocabulary name and try your request again."
TAKEN = "The requested vocabulary name already exists. Use a different vocabulary name."
UNREADY = "The requested vocabulary isn't ready. Wait until its state is READY and try your request again."
AT_WORK = "The requested vocabulary is still being processed. Wait until that is done and try your request again."
FULL = "You have reached your limit of medical vocabularies. Delete one and try your request again."
BUSY = "You have reached your limit of pending medical vocabularies. Wait until one is ready."
BAD_TABLE = (
    "The vocabulary that you're trying to create contains invalid characters or incorrectly formatted terms. "
    "See the developer guide for more information."
)

log = logging.getLogger(__name__)

Schedule = Callable[[float, Callable[[], object]], object]


def on_event_loop(seconds: float, call: Callable[[], object]) -> None:
    """Call a function after some seconds on the running event loop."""
    asyncio.get_running_loop().call_later(seconds, call)


class VocabularyOperations:
    """The vocabularies of every account and Region of one cloud."""

    def __init__(
        self,
        store: JobStore,
        cloud: CloudPort,
        *,
        temporary: Path,
        clock: Callable[[], float] = time.time,
        schedule: Schedule,
    ) -> None:
        """`schedule` calls a function after some seconds."""
        self._store = store.vocabularies
        self._cloud = cloud
        self._temporary = temporary
        self._clock = clock
        self._schedule = schedule

    def create(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Create a vocabulary; its table is checked later."""
        if self._store.find(caller, request["VocabularyName"]):
            raise Refused("ConflictException", TAKEN)
        self._check_rights(caller, request)
        if len(self._store.of(caller)) >= MOST:
            raise Refused("LimitExceededException", FULL)
        now = self._now()
        vocabulary = Vocabulary(
            caller.account,
            caller.region,
            request["VocabularyName"],
            request["LanguageCode"],
            request["VocabularyFileUri"],
            created=now,
            modified=now,
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags") or []},
        )
        return vocabularies.summary(self._begin(caller, vocabulary))

    def get(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Describe a vocabulary."""
        vocabulary = self._found(caller, request)
        return vocabularies.described(vocabulary, self._download_uri(vocabulary))

    def list_vocabularies(self, caller: Caller, request: Request) -> dict[str, Any]:
        """List vocabularies, the newest first, in pages."""
        state, part = request.get("StateEquals"), (request.get("NameContains") or "").lower()
        matching = (
            each for each in self._store.of(caller) if state in (None, each.state) and part in each.name.lower()
        )
        shown, token = page(matching, request)
        status = {"Status": state} if state else {}
        return {**status, "Vocabularies": [vocabularies.summary(each) for each in shown], **token}

    def update(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Give a vocabulary another table; the old one stays in use until the new one is valid."""
        old = self._found(caller, request)
        if old.state == PENDING:
            raise Refused("ConflictException", AT_WORK)
        self._check_rights(caller, request)
        new = replace(
            old,
            language=request["LanguageCode"],
            uri=request["VocabularyFileUri"],
            modified=self._now(),
            state=PENDING,
            reason=None,
        )
        return vocabularies.summary(self._begin(caller, new))

    def delete(self, caller: Caller, request: Request) -> dict[str, Any]:
        """Delete a vocabulary."""
        vocabulary = self._found(caller, request)
        if vocabulary.state == PENDING:
            raise bad_request(AT_WORK)
        self._store.delete(vocabulary)
        return {}

    def terms(self, caller: Caller, name: str) -> Sequence[Term]:
        """Return a vocabulary's terms for a job, or raise Refused."""
        vocabulary = self._store.find(caller, name)
        if vocabulary is None:
            raise bad_request(ABSENT)
        if vocabulary.table is None:
            raise bad_request(UNREADY)
        return tables.read(vocabulary.table.encode())

    def resume(self) -> None:
        """Check the pending vocabularies of an earlier run."""
        for vocabulary in self._store:
            self.finish_check(vocabulary)

    def finish_check(self, pending: Vocabulary) -> Vocabulary | None:
        """Check a pending table now; return the vocabulary's new state, or None if it was deleted."""
        vocabulary = self._store.find(Caller(pending.account, pending.region, ""), pending.name)
        if vocabulary is None or vocabulary.state != PENDING or vocabulary.modified != pending.modified:
            return vocabulary
        try:
            table = self._table(vocabulary)
        except InvalidTable as bad:
            ended = replace(vocabulary, state=FAILED, reason=f"{BAD_TABLE} ({bad})")
        except Exception as error:  # noqa: BLE001  # a vocabulary must not stay pending
            log.warning("medical vocabulary failed inside the service: %s", type(error).__name__)
            ended = replace(vocabulary, state=FAILED, reason="Internal failure. Try your request again.")
        else:
            ended = replace(vocabulary, state=READY, table=table, secret=secrets.token_urlsafe(16))
        self._store.put(ended)
        return ended

    def download(self, path: str) -> bytes | None:
        """Return the table at a download path, or None if there is no such path."""
        account, region, name, secret, *_rest = [*path.removeprefix(DOWNLOADS).split("/"), "", "", "", ""]
        vocabulary = self._store.find(Caller(account, region, ""), name)
        if vocabulary is None or vocabulary.table is None or not vocabulary.secret:
            return None
        return vocabulary.table.encode() if secrets.compare_digest(vocabulary.secret, secret) else None

    def _begin(self, caller: Caller, vocabulary: Vocabulary) -> Vocabulary:
        if sum(each.state == PENDING for each in self._store.of(caller)) >= MOST_PENDING:
            raise Refused("LimitExceededException", BUSY)
        self._store.put(vocabulary)
        self._schedule(PENDING_SECONDS, lambda: self.finish_check(vocabulary))
        return vocabulary

    def _table(self, vocabulary: Vocabulary) -> str:
        location = named(vocabulary.uri)
        size = self._cloud.size_of(location) if location else None
        if location is None or size is None:
            raise InvalidTable([tables.Problem(0, "the file does not exist")])
        if size > tables.MOST_BYTES:
            raise InvalidTable(
                [tables.Problem(0, f"the file has {size:,} bytes, and {tables.MOST_BYTES:,} are the most")]
            )
        with tempfile.TemporaryDirectory(dir=self._temporary) as folder:
            path = Path(folder) / "table"
            if not self._cloud.fetch(vocabulary.account, location, path):
                raise InvalidTable([tables.Problem(0, "the file does not exist")])
            content = path.read_bytes()
        tables.read(content)
        return content.decode()

    def _found(self, caller: Caller, request: Request) -> Vocabulary:
        vocabulary = self._store.find(caller, request["VocabularyName"])
        if vocabulary is None:
            raise Refused("NotFoundException", ABSENT)
        return vocabulary

    def _check_rights(self, caller: Caller, request: Request) -> None:
        caller_permissions.check_source(self._cloud, caller, named(request["VocabularyFileUri"]))
        caller_permissions.check_tags(self._cloud, caller, request)

    def _download_uri(self, vocabulary: Vocabulary) -> str | None:
        if vocabulary.secret is None:
            return None
        owner = f"{vocabulary.account}/{vocabulary.region}"
        return f"{self._cloud.endpoint}{DOWNLOADS}{owner}/{vocabulary.name}/{vocabulary.secret}/input.txt"

    def _now(self) -> float:
        return round(self._clock(), 3)
