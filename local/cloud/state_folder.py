"""The folder in which the cloud keeps what it remembers: objects, queues, tables, jobs.

Patients' recordings and transcripts lie in it unencrypted, so it is ours alone: mode 0700, never a link,
never somebody else's, and one running cloud at a time.
"""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.cloud.errors import CannotStart

MARK = "stethoscript-cloud"
UNSAVED = "unsaved"
PERSISTENT = ("services", "objects", "mail")
TEMPORARY = ("tmp", "home")
ROOM = 256 * 1024 * 1024  # a deployment's assets, the functions' unpacked code and a few recordings


@dataclass(frozen=True)
class StateFolder:
    """Where each kind of state lies."""

    path: Path

    @property
    def services(self) -> Path:
        """What MiniStack's services remember, one JSON file each."""
        return self.path / "services"

    @property
    def jobs(self) -> Path:
        """What Transcribe Medical remembers, written at each change."""
        return self.services / "transcribe_medical.jsonl"

    @property
    def objects(self) -> Path:
        """The objects of S3."""
        return self.path / "objects"

    @property
    def mail(self) -> Path:
        """The e-mails that subscribers would have got, one file each."""
        return self.path / "mail"

    @property
    def temporary(self) -> Path:
        """What only this run needs: the functions' unpacked code, recordings on their way to the recogniser."""
        return self.path / "tmp"

    @property
    def home(self) -> Path:
        """An empty home, so that a function finds no settings of the person who started the cloud."""
        return self.path / "home"


@contextmanager
def held(path: Path, *, fresh: bool) -> Iterator[StateFolder]:
    """Make the folder ready and keep it locked until the block ends; raises CannotStart."""
    folder = StateFolder(path)
    _claim(path)
    with (path / MARK).open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"Another running cloud uses the state folder {path}: stop it, or name another with --state."
            ) from None
        if (path / UNSAVED).exists() and not fresh:
            print(
                f"The last run was cut short. Objects and medical jobs in {path} are whole, of all else the last "
                "seconds may be missing; --fresh forgets everything.",
                file=sys.stderr,
                flush=True,
            )
        _empty(folder, TEMPORARY + (PERSISTENT if fresh else ()))
        mark_saved(folder)
        try:
            yield folder
        finally:
            remove_temporary(folder)


def mark_unsaved(folder: StateFolder) -> None:
    """Note that the cloud runs: objects and jobs are kept at once, all else every few seconds and when it ends."""
    (folder.path / UNSAVED).touch()


def mark_saved(folder: StateFolder) -> None:
    """Note that all is saved."""
    (folder.path / UNSAVED).unlink(missing_ok=True)


def remove_temporary(folder: StateFolder) -> None:
    """Remove what only this run needed."""
    _empty(folder, TEMPORARY)


def _claim(path: Path) -> None:
    if path.is_symlink():
        raise CannotStart(f"The state folder {path} is a link: name the folder itself with --state.")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise CannotStart(
            f"The state folder {path} cannot be made ({error.strerror}): name another with --state."
        ) from error
    if found.st_uid != os.getuid():
        raise CannotStart(f"The state folder {path} belongs to somebody else: name one of your own with --state.")
    if not (path / MARK).exists() and any(path.iterdir()):
        raise CannotStart(f"The folder {path} holds files that are no cloud's: name an empty one with --state.")
    path.chmod(0o700)
    free = shutil.disk_usage(path).free
    if free < ROOM:
        raise CannotStart(
            f"Only {free >> 20} MB are free where {path} lies, and the cloud needs {ROOM >> 20}: "
            "make room, or name a folder on another disk with --state."
        )


def _empty(folder: StateFolder, names: tuple[str, ...]) -> None:
    for name in names:
        shutil.rmtree(folder.path / name, ignore_errors=True)
    for name in (*PERSISTENT, *TEMPORARY):
        (folder.path / name).mkdir(mode=0o700, exist_ok=True)
