"""Progress: one line for each phase, and one demo at a time."""

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import process_lock, progress

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_without_a_terminal_a_phase_is_one_line(monkeypatch):
    monkeypatch.setattr(progress, "_SHORT_SECONDS", 0.01)
    output = io.StringIO()
    with progress.phase("Deploying", output) as tell:
        tell("stack 1")
        time.sleep(0.05)
    assert output.getvalue() == "Deploying … 0 s\n"


def test_a_short_phase_is_shown_without_a_time():
    output = io.StringIO()
    with progress.phase("Deploying", output):
        pass
    assert output.getvalue() == "Deploying …\n"


def test_on_a_terminal_the_line_is_replaced_and_shows_progress(monkeypatch):
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    output = Terminal()
    with progress.phase("Deploying", output) as tell:
        tell("stack 1")
        time.sleep(0.1)
    assert "\r\x1b[KDeploying … · stack 1" in output.getvalue()
    assert output.getvalue().rpartition("\x1b[K")[2] == "Deploying …\n"
    assert output.getvalue().count("\n") == 1


def test_a_line_on_a_terminal_is_never_longer_than_the_terminal(monkeypatch):
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.01)
    monkeypatch.setenv("COLUMNS", "20")
    output = Terminal()
    with progress.phase("Deploying", output) as tell:
        tell("x" * 100)
        time.sleep(0.1)
    assert max(len(line) for line in output.getvalue().replace("\n", "\r\x1b[K").split("\r\x1b[K")) == 19


def test_a_failed_phase_also_ends_its_line():
    output = io.StringIO()
    with pytest.raises(KeyboardInterrupt), progress.phase("Deploying", output):
        raise KeyboardInterrupt
    assert output.getvalue() == "Deploying …\n"


HOLDS = """
import sys, time
from pathlib import Path
from local import process_lock
with process_lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_the_process_that_holds_it_and_ends_with_it(tmp_path):
    lock = tmp_path / "build" / "demo.lock"
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(lock)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(process_lock.Running, match=rf"since \d\d:\d\d:\d\d, as process {other.pid}$"):
            process_lock.held(lock).__enter__()
        other.kill()
        other.wait()
    for _ in range(2):
        with process_lock.held(lock):
            pass
