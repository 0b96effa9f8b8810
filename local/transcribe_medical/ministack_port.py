"""The cloud port on MiniStack: callers' permissions, objects and events.

Import this after `local.cloud` has set the environment.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call"

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_region, new_uuid, now_iso, request_scope
from ministack.services import eventbridge, kms, s3

from local.transcribe_medical.cloud_port import Caller, Encryption
from local.transcribe_medical.jobs import Job
from local.transcribe_medical.s3_locations import S3Location

S3_KEY = ":alias/aws/s3"  # the account's own key; permission to read the object includes it
KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"

# What this module uses of MiniStack, with parameters; the cloud checks this before it starts.
USES: dict[tuple[Any, str], tuple[str, ...] | None] = {
    (eventbridge, "_dispatch_event"): ("event", "view"),
    (iam_actions, "s3_service_context"): ("iam_action", "query_params", "path", "headers"),
    (iam_evaluator, "enforce"): (
        "access_key_id",
        "iam_action",
        "service",
        "region",
        "resource_arn",
        "service_context",
    ),
    (kms, "_resolve_key"): ("key_id_or_arn",),
    (s3, "_buckets"): None,
    (s3, "_fire_s3_event_async"): None,
    (s3, "_get_object_data"): ("bucket_name", "key", "version_id"),
    (s3, "_object_disk_path"): ("bucket", "key", "account_id"),
    (s3, "_put_object"): ("bucket_name", "key", "body", "headers"),
}

_copies: ContextVar[int] = ContextVar("copies", default=1)


def repeat_events() -> None:
    """Send S3's event of a transcript as many times as the injected faults say."""
    fire = s3._fire_s3_event_async

    def firing(*event: Any, **more: Any) -> None:
        for _time in range(_copies.get()):
            fire(*event, **more)

    s3._fire_s3_event_async = firing


class MiniStack:
    """The cloud port on MiniStack."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def may_read(self, caller: Caller, location: S3Location) -> bool:
        """Return whether the caller may read the object and use its key."""
        if not _allowed(caller, "s3:GetObject", "s3", location.arn, _s3_conditions("s3:GetObject", location, {})):
            return False
        found = _object(location)
        key = found and found.get("preserved_headers", {}).get(KEY_ID)
        return not key or key.endswith(S3_KEY) or _may_use(caller, "kms:Decrypt", location, Encryption(key, {}))

    def may_write(self, caller: Caller, location: S3Location, encryption: Encryption) -> bool:
        """Return whether the caller may write the object with this encryption."""
        headers = _headers(encryption)
        return _allowed(caller, "s3:PutObject", "s3", location.arn, _s3_conditions("s3:PutObject", location, headers))

    def may_encrypt(self, caller: Caller, location: S3Location, encryption: Encryption) -> bool:
        """Return whether the key exists and the caller may encrypt the object with it."""
        return encryption.key is None or _may_use(caller, "kms:GenerateDataKey", location, encryption)

    def may_tag(self, caller: Caller, tags: Mapping[str, str], context: Mapping[str, str]) -> bool:
        """Return whether the caller may set these tags."""
        asked = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
        return _allowed(
            caller, "transcribe:TagResource", "transcribe", "*", {**asked, "aws:TagKeys": list(tags), **context}
        )

    def region_of(self, bucket: str) -> str | None:
        """Return the Region of a bucket, or None if it does not exist."""
        found = s3._buckets.get(bucket)
        return (found.get("region") or get_region()) if found else None

    def size_of(self, location: S3Location) -> int | None:
        """Return the size of an object in bytes, or None if it does not exist."""
        found = _object(location)
        return int(found["size"]) if found else None

    def fetch(self, account: str, location: S3Location, to: Path) -> bool:
        """Write an object's content to a new file; return whether the object exists.

        Objects are files, and an overwritten object is a new file. So a hard link takes no space and keeps the content.
        """
        with request_scope(account, get_region()):
            if _object(location) is None:
                return False
            if path := s3._object_disk_path(location.bucket, location.key, account):
                for put in (os.link, shutil.copyfile):
                    with contextlib.suppress(OSError):
                        put(path, to)
                        return True
            content = s3._get_object_data(location.bucket, location.key)
            if content is not None:
                to.write_bytes(content)
            return content is not None

    def write(self, job: Job, location: S3Location, content: bytes, encryption: Encryption, *, copies: int = 1) -> bool:
        """Write an object and return whether that succeeded. S3 sends its event `copies` times."""
        headers = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            **_headers(encryption),
        }
        with request_scope(job.account, job.region):
            restore = _copies.set(copies)
            try:
                status = s3._put_object(location.bucket, location.key, content, headers)[0]
            except OSError:  # the disk is full
                return False
            finally:
                _copies.reset(restore)
            return bool(status < 300)  # noqa: PLR2004  # HTTP's success

    def put_event(self, job: Job, detail: Mapping[str, Any]) -> None:
        """Put a `Transcribe Job State Change` on the account's default event bus.

        A thread of its own does this, because EventBridge invokes the targets in the calling thread.
        """
        event = {
            "EventId": new_uuid(),
            "Source": "aws.transcribe",
            "DetailType": "Transcribe Job State Change",
            "Detail": json.dumps(detail),
            "EventBusName": "default",
            "Time": now_iso(),
            "Resources": [],
            "Account": job.account,
            "Region": job.region,
        }
        with request_scope(job.account, job.region):
            spawn_background(eventbridge._dispatch_event, event, thread_name="medical-job-state-change")


def _object(location: S3Location) -> dict[str, Any] | None:
    bucket = s3._buckets.get(location.bucket)
    found: dict[str, Any] | None = bucket and bucket["objects"].get(location.key)
    return found


def _headers(encryption: Encryption) -> dict[str, str]:
    if encryption.key is None:
        return {"x-amz-server-side-encryption": "AES256"}
    key = kms._resolve_key(encryption.key)
    return {
        "x-amz-server-side-encryption": "aws:kms",
        KEY_ID: key["Arn"] if key else encryption.key,
    }


def _s3_conditions(action: str, location: S3Location, headers: Mapping[str, str]) -> dict[str, Any]:
    path = f"/{location.bucket}/{location.key}"
    context: dict[str, Any] = iam_actions.s3_service_context(action, {}, path, dict(headers))
    key = headers.get(KEY_ID)
    return {**context, f"s3:{KEY_ID}": key} if key else context


def _may_use(caller: Caller, action: str, location: S3Location, encryption: Encryption) -> bool:
    """Return whether the caller may use the key for this object through S3."""
    key = kms._resolve_key(encryption.key)
    if key is None or key["KeyState"] != "Enabled" or key["KeySpec"] != "SYMMETRIC_DEFAULT":
        return False
    context = {f"kms:EncryptionContext:{name}": value for name, value in encryption.context.items()}
    via = {"kms:ViaService": f"s3.{caller.region}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": location.arn}
    return _allowed(caller, action, "kms", key["Arn"], {**via, **context})


def _allowed(caller: Caller, action: str, service: str, resource: str, context: Mapping[str, Any]) -> bool:
    through = {"aws:ViaAWSService": "true", "aws:CalledVia": ["transcribe.amazonaws.com"]}
    denied = iam_evaluator.enforce(
        caller.access_key, action, service, caller.region, resource_arn=resource, service_context={**through, **context}
    )
    return denied is None
