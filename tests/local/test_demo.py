"""The parts of `make demo` that need no cloud: its refusals, its documents, and its end."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from local import demo, demo_report, demo_run, deployment, process_lock
from local.deployment import ROOT, DeploymentFailed
from local.recogniser.scripted import recording
from operations.errors import CommandError


@pytest.fixture
def folders(tmp_path, monkeypatch):
    for name in ("RESULTS", "NEW", "OLD", "WORK"):
        monkeypatch.setattr(demo_run, name, tmp_path / name.lower())
    monkeypatch.setattr(demo, "LOCK", tmp_path / "demo.lock")
    monkeypatch.setattr(demo, "_STOPPING", ())
    return tmp_path


@pytest.fixture
def ended(folders, monkeypatch):
    """The sentence with which `make demo` ends."""
    assert not demo_run.RESULTS.is_relative_to(ROOT), folders

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["demo", *arguments])
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(reconfigure=lambda **_: None, write=sys.stdout.write,
                                                           flush=sys.stdout.flush, isatty=lambda: False))  # fmt: skip
        monkeypatch.setattr(sys, "stderr", sys.stdout)
        with pytest.raises(SystemExit) as exit_:
            demo.main()
        return exit_.value.code

    return run


def started(*_arguments, **_named):
    pytest.fail("the run was started")


@pytest.mark.parametrize("name", ["README.md", "nothing there.wav", ".", "local/cloud", "a$b.wav", "-x.wav"])
def test_a_file_that_is_no_recording_is_refused_before_the_start(ended, monkeypatch, name):
    monkeypatch.setattr(demo_run, "run", started)
    sentence = ended(f"--audio={name}")
    assert name in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("name", ["a b.wav", "a$b.wav", "it's.wav", "-x.wav", "Grüße 声.wav", "a\nb.wav", ".wav"])
def test_a_recording_with_any_name_is_accepted(tmp_path, name):
    [taken] = demo_run.recordings(recording("0: Hello.", tmp_path / name), "dictation")
    assert taken.path.name == name
    assert taken.seconds > 0


def test_a_relative_path_and_a_home_folder_are_accepted(tmp_path, monkeypatch):
    recording("0: Hello.", tmp_path / "a.wav")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in ("a.wav", "./a.wav", "~/a.wav"):
        assert demo_run.recordings(Path(path), "dictation")[0].seconds > 0


def test_a_name_that_is_not_utf8_is_refused_with_a_remedy(tmp_path):
    path = tmp_path / os.fsdecode(b"a\xff.wav")
    recording("0: Hello.", path)
    with pytest.raises(CommandError, match="rename it"):
        demo_run.recordings(path, "dictation")


@pytest.mark.usefixtures("folders")
def test_a_second_concurrent_demo_ends_with_a_sentence(ended, monkeypatch):
    monkeypatch.setattr(demo_run, "run", started)
    with process_lock.held(demo.LOCK):
        assert f"as process {os.getpid()}: wait until it ends" in ended()


FAILURES = {
    "a full disk": (OSError(errno.ENOSPC, "No space left on device"), "free some space"),
    "another problem of the system": (PermissionError(13, "Permission denied", "build/demo"), "build/demo"),
    "a dead cloud": (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "stopped answering"),
    "a failed deployment": (DeploymentFailed("cdk deploy failed: because."), "because"),
    "Ctrl-C": (KeyboardInterrupt(), "No process is left running"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_is_one_sentence_and_keeps_the_last_run_s_documents(ended, monkeypatch, failure):
    error, words = FAILURES[failure]

    def fail(*_arguments, **_named):
        raise error

    demo_run.RESULTS.mkdir()
    (demo_run.RESULTS / "transcript.txt").write_text("kept")
    monkeypatch.setattr(deployment, "synthesise", fail)
    assert words in ended()
    assert (demo_run.RESULTS / "transcript.txt").read_text() == "kept"


def test_a_full_disk_is_reported_before_the_start(ended, monkeypatch):
    monkeypatch.setattr(demo_run, "run", started)
    monkeypatch.setattr(demo.shutil, "disk_usage", lambda _path: SimpleNamespace(free=10_000_000))
    assert "free some" in ended()


@pytest.mark.usefixtures("folders")
def test_new_documents_replace_the_last_runs_only_when_they_are_whole():
    for run in ("first", "second"):
        demo_run.prepare()
        assert run != "second" or (demo_run.RESULTS / "run").read_text() == "first"
        (demo_run.NEW / "run").write_text(run)
        demo_run.replace()
        assert (demo_run.RESULTS / "run").read_text() == run
    assert not demo_run.OLD.exists()


@pytest.mark.usefixtures("folders")
def test_a_run_interrupted_while_it_replaces_the_documents_loses_none():
    demo_run.OLD.mkdir()
    (demo_run.OLD / "run").write_text("last")
    demo_run.prepare()
    assert (demo_run.RESULTS / "run").read_text() == "last"


# The CDK's command line


@pytest.fixture
def cdk(tmp_path, monkeypatch):
    """A `cdk` that runs a shell script."""

    def script(text):
        program = tmp_path / "cdk"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setattr(deployment, "CDK", program)
        return tmp_path

    return script


SAID = {
    "its own error": ("echo 'The choices: name must be short.'; echo; echo 'Subprocess exited with error 1'; exit 1",
                      "name must be short"),
    "an app's traceback": ("echo 'KeyError: 7'; echo 'python app.py: Subprocess exited with error 1'; exit 1",
                           "KeyError: 7"),
    "nothing": ("exit 3", "it ended with exit code 3 and gave no reason"),
    "a signal": ("kill -KILL $$", "signal 9 stopped it"),
    "bytes that are no text": ("printf 'bad \\377 byte\\n'; exit 1", "bad"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_a_failure_of_the_cdk_always_has_a_reason(cdk, case):
    script, reason = SAID[case]
    with pytest.raises(DeploymentFailed) as failed:
        deployment.synthesise(cdk(script), {})
    assert reason in str(failed.value)
    assert str(failed.value).endswith("run the command again.")


def test_a_missing_cdk_is_reported_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(deployment, "CDK", tmp_path / "none")
    with pytest.raises(DeploymentFailed, match="make install"):
        deployment.synthesise(tmp_path, {})


def test_the_cdk_s_child_processes_are_stopped_with_it(cdk):
    folder = cdk("sleep 61 & echo $! > \"$(dirname $0)/helper\"; echo 'a: deploying...'; wait")

    def interrupt(_said):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deployment.synthesise(folder, {}, interrupt)
    helper = int((folder / "helper").read_text())
    deadline = time.monotonic() + 5
    while running(helper) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(helper)


def running(pid):
    """Whether a process runs. An ended process that is not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("after", [0.3, 1.0, 3.0])
def test_a_signal_at_any_moment_ends_in_a_sentence(tmp_path, after):
    script = "from pathlib import Path; from local import demo, demo_run\n"
    script += f"demo.LOCK = Path({str(tmp_path)!r}, 'l')\n"
    script += "for name in ('RESULTS', 'NEW', 'OLD', 'WORK'): setattr(demo_run, name, demo.LOCK.with_name(name))\n"
    script += "print('ready', flush=True); demo.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "--engine", "scripted"], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(after)
        process.send_signal(signal.SIGTERM)
        _said, error = process.communicate(timeout=60)
    assert "No process is left running" in error
    assert "Traceback" not in error
    assert process.returncode == 1


# Output


def shown(capsys, **changed):
    demo_result = {
        "recording": "a.wav", "status": "DELIVERED", "audio_seconds": 60.0, "seconds": 21.8, "words": 160,
        "word_error_rate": 0.095, "documents": [], "mail": "Transcript ready: demo-1",
        "notification": {"status": "DELIVERED", "correlationId": "demo-1"},
    } | changed  # fmt: skip
    demo_report.show(demo_run.Results([demo_result], 100))
    return capsys.readouterr().out


def test_the_beginning_of_a_long_transcript_is_shown(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(demo_report, "ROOT", tmp_path)
    monkeypatch.setattr(demo_report, "RESULTS", tmp_path / "build")
    (tmp_path / "transcript.txt").write_text("word " * 5000)
    text = shown(capsys, documents=["transcript.txt"])
    assert "word word" in text
    assert len(text.splitlines()) < 35


def test_a_refused_recording_is_shown_with_reason_and_remedy(capsys):
    refused = {"status": "REJECTED", "reason": "Damaged", "remedy": "Export it again."}
    text = shown(capsys, status="REJECTED", words=None, word_error_rate=None, mail=None, notification=refused)
    assert "a.wav: Damaged. Export it again." in text


def test_a_recording_s_name_cannot_control_the_terminal(capsys):
    assert "\x1b" not in shown(capsys, recording="a\x1b]0;x\x07.wav", documents=["a\x1b[2J/transcript.html"])
