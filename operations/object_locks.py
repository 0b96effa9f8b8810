"""Legal holds and retention: what S3 Object Lock says must stay."""

import time
from typing import Any

from botocore.exceptions import ClientError

from operations.deployment import Deployment
from operations.errors import Refused
from operations.time_format import clock

_NO_LOCK = frozenset({"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"})


class Locked(Refused):
    """It must stay, for now."""


def check(deployment: Deployment, bucket: str, versions: list[dict[str, Any]]) -> None:
    """See to it that none of these versions is locked.

    Raises:
        Locked: one is; says until when.
    """
    if _asked(deployment, "get_object_lock_configuration", Bucket=bucket) is None:
        return
    for version in versions:
        if "Size" in version:  # a delete marker cannot be locked
            _check(deployment, bucket, version)


def _check(deployment: Deployment, bucket: str, version: dict[str, Any]) -> None:
    named = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
    hold = _asked(deployment, "get_object_legal_hold", **named)
    if hold and hold["LegalHold"].get("Status") == "ON":
        raise Locked(
            "A legal hold is on it, so nothing was erased: whoever placed the hold must lift it first "
            "(`aws s3api put-object-legal-hold`)."
        )
    retention = _asked(deployment, "get_object_retention", **named)
    until = retention["Retention"]["RetainUntilDate"].timestamp() if retention else 0
    if until > time.time():
        raise Locked(f"Object Lock keeps it until {clock(until)}, so nothing was erased: erase it after that.")


def _asked(deployment: Deployment, call: str, **named: Any) -> Any:
    """S3's answer; None if there is no lock. Any other error stops the erasure: a hold must not be overlooked."""
    try:
        return getattr(deployment.client("s3"), call)(**named)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_LOCK:
            return None
        raise
