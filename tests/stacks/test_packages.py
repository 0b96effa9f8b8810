"""The functions' zips: for Lambda as configured in cdk.json, and for the embedded cloud on this machine."""

import ast
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import distributions
from pathlib import Path

import boto3
import pytest

from deliver_transcript import DeliverSettings
from reconcile import ReconcileSettings
from stacks import packaging
from stacks.config import Functions
from start_transcription import StartSettings
from tests.stacks.resolved_templates import ROOT

LAMBDAS = ROOT / "lambdas"
MODULES = sorted(path.relative_to(LAMBDAS) for path in LAMBDAS.rglob("*.py"))
HANDLERS = ["start_transcription", "deliver_transcript", "reconcile"]
SETTINGS = {
    field.name.upper() for each in (StartSettings, DeliverSettings, ReconcileSettings) for field in fields(each)
}
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
TARGETS = {
    "Lambda": Functions(),
    "this machine": Functions(f"python3.{sys.version_info.minor}", ARCHITECTURE),
}
# The packages of Lambda's Python runtime: boto3 and its dependencies.
RUNTIME = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"]
ELF_MACHINE = {"arm64": 183, "x86_64": 62}


@pytest.fixture(scope="session", params=TARGETS)
def target(request):
    return TARGETS[request.param]


@pytest.fixture(scope="session")
def zip_folder(target):
    return Path(packaging.folder(target))


@pytest.fixture(scope="session")
def bare_runtime(tmp_path_factory):
    """A folder with boto3 and its dependencies, and no other installed package."""
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(boto3.__file__).parents[1]
    for name in RUNTIME:
        (folder / name).symlink_to(installed / name)
    return folder


def test_a_zip_has_all_our_modules(zip_folder):
    assert MODULES
    assert not [module for module in MODULES if not (zip_folder / module).is_file()]


def test_a_zip_has_exactly_the_locked_packages(zip_folder):
    locked = re.findall(r"^([a-z0-9._-]+)==(\S+)", packaging.LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    packed = {
        (each.metadata["Name"].lower().replace("_", "-"), each.version) for each in distributions(path=[zip_folder])
    }
    assert locked
    assert packed == set(locked)


def test_a_zip_has_no_file_that_is_not_run(zip_folder):
    names = {path.name for path in zip_folder.rglob("*")}
    assert not {name for name in names if name.startswith("requirements")}
    locked = re.findall(r"^([a-z0-9._-]+)==", packaging.LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert not names & {"__pycache__", "bin", "tests", "pip", *({"boto3", "botocore"} - {*locked})}


def test_a_zip_is_far_below_lambda_s_limit(zip_folder):
    size = sum(path.stat().st_size for path in zip_folder.rglob("*") if path.is_file())
    assert size < 25_000_000  # Lambda's limit is ten times that, unpacked


def test_compiled_files_match_the_target_platform(zip_folder, target):
    minor = target.runtime.removeprefix("python").replace(".", "")
    for compiled in zip_folder.rglob("*.so"):
        assert int.from_bytes(compiled.read_bytes()[18:20], "little") == ELF_MACHINE[target.architecture]
        assert f"cpython-{minor}-" in compiled.name or ".abi3." in compiled.name or ".cpython-" not in compiled.name
    assert not [*zip_folder.rglob("*.pyd"), *zip_folder.rglob("*.dylib")]


def test_two_simultaneous_syntheses_use_separate_folders(zip_folder, target):
    script = "import sys; from stacks import packaging; from stacks.config import Functions; "
    script += "print(packaging.folder(Functions(*sys.argv[1:])))"
    other = subprocess.run(
        [sys.executable, "-c", script, target.runtime, target.architecture],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{LAMBDAS}"},
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = Path(other.stdout.strip())
    assert theirs.parent == zip_folder.parent
    assert theirs != zip_folder
    assert not theirs.exists()


# Importing it as Lambda does

IMPORT = """
import json, os, sys

sys.path[:0] = [{folder!r}, {runtime!r}]

def offline(event, _arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise RuntimeError(f"{{event}} at import")

sys.addaudithook(offline)

class Watched(type(os.environ)):
    asked = []
    def __getitem__(self, name):
        self.asked.append(name)
        return super().__getitem__(name)

os.environ.__class__ = Watched
module = __import__({handler!r})
import boto3
print(json.dumps({{
    "callable": callable(module.handler),
    "session": boto3.DEFAULT_SESSION is not None,
    "asked": Watched.asked,
    "from": sorted({{getattr(each, "__file__", None) or "" for each in sys.modules.values()}}),
    "standard": os.__file__.rpartition(os.sep)[0],
}}))
"""


@pytest.fixture(scope="session")
def imported(zip_folder, target, bare_runtime):
    """The result of importing a handler's module in a fresh interpreter with only this zip and the bare runtime."""
    if list(zip_folder.rglob("*.so")) and target != TARGETS["this machine"]:
        pytest.skip("holds compiled files for another platform")

    def imported(handler):
        script = IMPORT.format(folder=str(zip_folder), runtime=str(bare_runtime), handler=handler)
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script],
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return imported


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_only_from_its_zip_and_has_no_side_effects(imported, zip_folder, bare_runtime, handler):
    said = imported(handler)
    assert said["callable"]
    assert not said["session"], "a client was made at import"
    assert not SETTINGS & set(said["asked"]), "a setting was read at import"
    places = (str(zip_folder), str(bare_runtime), said["standard"], str(Path(sys.base_prefix)))
    assert not [path for path in said["from"] if path and not path.startswith(places)]
    assert str(zip_folder / f"{handler}.py") in said["from"]


# The supported versions of Python


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_our_code_is_written_for_python_3_11(module):
    ast.parse((LAMBDAS / module).read_text(encoding="utf-8"), feature_version=(3, 11))


@pytest.mark.skipif(not shutil.which("python3.14"), reason="needs a python3.14 on the PATH")
def test_our_code_is_accepted_by_lambda_s_python(tmp_path):
    shutil.copytree(LAMBDAS, tmp_path / "lambdas")
    subprocess.run(["python3.14", "-W", "error", "-m", "compileall", "-q", str(tmp_path / "lambdas")], check=True)
