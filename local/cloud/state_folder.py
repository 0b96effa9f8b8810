"""The cloud's state folder: objects, queues, tables and jobs.

It contains patients' recordings and transcripts without encryption. So its mode is 0700, it is not a link, it belongs
to this user, and one cloud uses it at a time.
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
    """The paths in a state folder."""

    path: Path

    @property
    def services(self) -> Path:
        """The state of MiniStack's services, one JSON file each."""
        return self.path / "services"

    @property
    def jobs(self) -> Path:
        """The journal of Transcribe Medical, written at each change."""
        return self.services / "transcribe_medical.jsonl"

    @property
    def objects(self) -> Path:
        """The objects of S3."""
        return self.path / "objects"

    @property
    def mail(self) -> Path:
        """The e-mails to subscribers, one file each."""
        return self.path / "mail"

    @property
    def temporary(self) -> Path:
        """Temporary files of this run: the functions' unpacked code, and recordings for the recogniser."""
        return self.path / "tmp"

    @property
    def home(self) -> Path:
        """An empty home folder, so that a function finds no settings of the user."""
        return self.path / "home"


@contextmanager
def held(path: Path, *, fresh: bool) -> Iterator[StateFolder]:
    """Create or check the folder, and lock it while the block runs.

    Raises:
        CannotStart: with the remedy.
    """
    folder = StateFolder(path)
    _claim(path)
    with (path / MARK).open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"Another cloud uses the state folder {path}: stop it, or name another folder with --state."
            ) from None
        if (path / UNSAVED).exists() and not fresh:
            print(
                f"The last run was killed. Objects and medical jobs in {path} are complete. The last seconds of other "
                "changes may be missing. --fresh deletes the state.",
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
    """Mark the state as incomplete: only objects and jobs are saved at once."""
    (folder.path / UNSAVED).touch()


def mark_saved(folder: StateFolder) -> None:
    """Mark the state as complete."""
    (folder.path / UNSAVED).unlink(missing_ok=True)


def remove_temporary(folder: StateFolder) -> None:
    """Delete the temporary files of this run."""
    _empty(folder, TEMPORARY)


def _claim(path: Path) -> None:
    if path.is_symlink():
        raise CannotStart(f"The state folder {path} is a link: name its target with --state.")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise CannotStart(
            f"The state folder {path} cannot be created ({error.strerror}): name another with --state."
        ) from error
    if found.st_uid != os.getuid():
        raise CannotStart(f"The state folder {path} belongs to another user: name one of your own with --state.")
    if not (path / MARK).exists() and any(path.iterdir()):
        raise CannotStart(f"The folder {path} contains other files than a cloud's: name an empty folder with --state.")
    path.chmod(0o700)
    free = shutil.disk_usage(path).free
    if free < ROOM:
        raise CannotStart(
            f"Only {free >> 20} MB are free on the disk of {path}, and the cloud needs {ROOM >> 20} MB: "
            "free some space, or name a folder on another disk with --state."
        )


def _empty(folder: StateFolder, names: tuple[str, ...]) -> None:
    for name in names:
        shutil.rmtree(folder.path / name, ignore_errors=True)
    for name in (*PERSISTENT, *TEMPORARY):
        (folder.path / name).mkdir(mode=0o700, exist_ok=True)
