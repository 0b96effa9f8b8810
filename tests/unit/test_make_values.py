"""A value typed after `make demo AUDIO=` reaches the program unchanged."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """#!/bin/sh
exec python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"
"""
NAMES = [
    "a b.wav", "a$b.wav", "$HOME.wav", "$(shell touch ran).wav", "$(", "`touch ran`.wav", "it's.wav", 'say "a".wav',
    "-x.wav", "--engine=none", "Grüße 声.wav", "a;touch ran.wav", "a&b|c.wav", "*.wav", "a\\b.wav", "a#b.wav",
    "a%b.wav", "a=b.wav", "a,b).wav", "a\nb.wav", "~/a.wav", "../a.wav",
]  # fmt: skip


@pytest.fixture
def make(tmp_path):
    """Run make with a `python` that prints its arguments, in a folder where nothing needs to be installed."""
    folder = tmp_path / "project"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "build").mkdir()
    (folder / "build" / "installed").touch()
    program = folder / ".venv" / "bin" / "python"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (folder / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))

    def run(*arguments, **environment):
        command = ["make", "--no-print-directory", "--old-file=build/installed", *arguments]
        outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        ended = subprocess.run(
            command, cwd=folder, env={**outer, **environment}, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        assert not (folder / "ran").exists()
        return json.loads(ended.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("name", NAMES)
def test_any_recording_name_reaches_the_demo_unchanged(make, name):
    assert make("demo", f"AUDIO={name}") == ["-m", "local.demo", f"--audio={name}"]


def test_a_name_in_the_environment_reaches_the_demo(make):
    assert make("demo", AUDIO="a$b c.wav") == ["-m", "local.demo", "--audio=a$b c.wav"]


@pytest.mark.parametrize(
    ("target", "variable", "option"),
    [("demo", "PROFILE", "--profile"), ("cloud", "PORT", "--port"), ("cloud-stacks", "PORT", "--port"),
     ("bench-recogniser", "RECORDINGS", "--recordings"), ("simulate", "SEED", "--seed")],
)  # fmt: skip
def test_every_other_value_is_passed_on_in_the_same_way(make, target, variable, option):
    assert f"{option}=a $b'c" in make(target, f"{variable}=a $b'c")


@pytest.mark.parametrize(
    ("given", "expected"), [(["SEED=7"], ["--seed=7"]), (["SEEDS=9"], ["--seeds=9"]), ([], ["--seeds=300"])]
)
def test_the_simulation_runs_one_seed_or_as_many_as_named(make, given, expected):
    assert make("simulate", *given)[2:] == expected


def test_without_a_value_there_is_no_option(make):
    assert make("demo") == ["-m", "local.demo"]
