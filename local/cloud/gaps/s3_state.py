"""S3: state that must survive a restart, and files that an erasure must remove.

Sources: "How S3 Object Lock works" and "Uploading and copying objects using multipart upload" in the S3 user guide.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment"

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ministack.core import persistence
from ministack.core.responses import AccountScopedDict, get_account_id
from ministack.services import s3

from local.cloud.gaps.s3 import DISPATCH
from local.cloud.gaps.table import Answer, Workarounds

_UPLOADS = "uploads"


def locks_are_kept() -> None:
    """Without it, legal holds and retention are lost at a restart."""
    s3._PERSISTED_BUCKET_DICTS.update(object_retention=s3._object_retention, object_legal_hold=s3._object_legal_hold)


def unfinished_uploads_are_kept() -> None:
    """Without it, multipart uploads are lost at a restart. Parts are files, because saves are frequent."""
    get_state, restore, dispatch = s3.get_state, s3._restore_state, s3._dispatch

    def dispatched(  # noqa: PLR0917  # MiniStack's signature
        method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        answer: Answer = dispatch(method, bucket, key, headers, body, query_params)
        upload_id = s3._qp(query_params, "uploadId", "")
        upload = s3._multipart_uploads.get(upload_id)
        if upload is None and upload_id and Path(upload_id).name == upload_id:
            shutil.rmtree(_folder() / upload_id, ignore_errors=True)
        elif upload is not None and method == "PUT":
            number = int(s3._qp(query_params, "partNumber", "0"))
            _write(_part(upload_id, number), upload["parts"].get(number))
        return answer

    def state() -> dict[str, Any]:
        uploads = AccountScopedDict()
        for scoped, upload in s3._multipart_uploads._data.items():
            parts = [[number, {**part, "body": None}] for number, part in upload["parts"].items()]
            uploads._data[scoped] = {**upload, "parts": parts}
        return {**get_state(), _UPLOADS: uploads}

    def restored(data: Any) -> None:
        restore(data)
        kept = (data or {}).get(_UPLOADS) or AccountScopedDict()
        for (account, upload_id), upload in kept._data.items():
            parts = {number: {**part, "body": _read(_part(upload_id, number))} for number, part in upload["parts"]}
            s3._multipart_uploads._data[account, upload_id] = {**upload, "parts": parts}

    s3._dispatch, s3.get_state, s3._restore_state = dispatched, state, restored


def _folder() -> Path:
    return Path(persistence.STATE_DIR) / _UPLOADS


def _part(upload_id: str, number: int) -> Path:
    return _folder() / upload_id / str(number)


def _write(file: Path, part: dict[str, Any] | None) -> None:
    if part:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        s3._atomic_write(str(file), part["body"])


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def folders_of_deleted_keys_are_removed() -> None:
    """Without it, the folders of a key, which may contain a patient's name, stay on the disk after an erasure."""
    s3._delete_persisted_object = _emptying(s3._delete_persisted_object, lambda key: s3._object_disk_path(*key))
    s3._delete_version_file = _emptying(s3._delete_version_file, lambda key: s3._version_disk_path(*key))


def _emptying(delete: Callable[..., None], path_of: Callable[[tuple[str, ...]], str | None]) -> Callable[..., None]:
    def deleted(*key: str) -> None:
        path = path_of(key)
        delete(*key)
        root = Path(s3.DATA_DIR)
        kept = {root / get_account_id() / key[0], root / s3._VERSIONS_DIR / get_account_id() / key[0]}
        for folder in Path(path).parents if path else ():
            if folder in kept or not folder.is_relative_to(root):
                break
            with suppress(OSError):  # another object is in it
                os.rmdir(folder)  # noqa: PTH106 - the only call that removes only an empty folder

    return deleted


WORKAROUNDS: Workarounds = {
    locks_are_kept: {
        (s3, "_PERSISTED_BUCKET_DICTS"): None,
        (s3, "_object_retention"): None,
        (s3, "_object_legal_hold"): None,
    },
    unfinished_uploads_are_kept: {
        **DISPATCH,
        (s3, "get_state"): (),
        (s3, "_restore_state"): ("data",),
        (s3, "_multipart_uploads"): None,
        (s3, "_atomic_write"): ("fpath", "data", "text"),
        (persistence, "STATE_DIR"): None,
    },
    folders_of_deleted_keys_are_removed: {
        (s3, "_delete_persisted_object"): ("bucket_name", "key"),
        (s3, "_delete_version_file"): ("bucket_name", "key", "version_id"),
        (s3, "_object_disk_path"): ("bucket", "key", "account_id"),
        (s3, "_version_disk_path"): ("bucket", "key", "version_id", "account_id"),
        (s3, "_VERSIONS_DIR"): None,
        (s3, "DATA_DIR"): None,
    },
}
