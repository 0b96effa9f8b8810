"""This machine and this folder: what one deploys with, and what one has chosen."""

import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from operations.doctor.context import DoctorContext
from operations.doctor.findings import Finding, attention, broken, ok, unknown

_INSTALL = "Run `make install` in the project's folder."
_PACKAGES = ("boto3", "botocore", "aws-cdk-lib", "constructs", "typer", "rich")
_OLDEST_NODE = 22
"""Older ones are past their end; the CDK's library says so itself."""
_SECONDS = 30


def packages(context: DoctorContext) -> Iterator[Finding]:
    """Python, and the packages that deploy and operate, against those that were tested together."""
    locked = dict(re.findall(r"(?m)^([a-z0-9.-]+)==([^\s;\\]+)", _text(context.folder / "requirements.lock")))
    for name in _PACKAGES:
        installed = _installed(name)
        if installed is None:
            yield broken(f"The package {name} is not installed.", _INSTALL)
        elif installed != locked.get(name, installed):
            yield attention(f"{name} is {installed}, and what was tested is {locked[name]}.", _INSTALL)
    yield ok(f"Python {platform.python_version()}, boto3 {_installed('boto3')}")


def node(_site: DoctorContext) -> Iterator[Finding]:
    """What the CDK runs on."""
    beside = str(Path(sys.executable).parent / "node")
    found = shutil.which("node") or shutil.which(beside)
    version = _version(found) if found else None
    if version is None:
        yield broken("There is no node, and the CDK runs on it.", f"{_INSTALL} Then `source .venv/bin/activate`.")
    elif int(version.split(".")[0]) < _OLDEST_NODE:
        yield attention(
            f"node is {version}, which is past its end.", "Activate the project's own: `source .venv/bin/activate`."
        )
    else:
        yield ok(f"node {version}")


def cdk(context: DoctorContext) -> Iterator[Finding]:
    """The CDK's command line, against the one that was tested."""
    wanted = json.loads(_text(context.folder / "package.json"))["devDependencies"]["aws-cdk"]
    installed = context.folder / "node_modules" / "aws-cdk" / "package.json"
    if not installed.exists():
        yield broken("The CDK's command line is not installed.", _INSTALL)
    elif (version := json.loads(_text(installed))["version"]) != wanted:
        yield attention(f"The CDK's command line is {version}, and what was tested is {wanted}.", _INSTALL)
    else:
        yield ok(f"aws-cdk {version}")


def config(context: DoctorContext) -> Iterator[Finding]:
    """Whether they can be deployed, and whether it is this deployment that they describe."""
    file = str(context.file or "cdk.json")
    try:
        chosen = context.chosen
    except (ValueError, KeyError, OSError) as bad:
        yield broken(f"The choices cannot be deployed: {bad}.", f"Correct {file}; docs/deploying.md has every choice.")
    except Exception as error:  # noqa: BLE001 - without node the CDK's library fails in many ways
        yield unknown(f"The choices could not be checked: the CDK's library does not start ({type(error).__name__}).")
    else:
        if chosen.name != context.name:
            yield attention(
                f"{file} describes {chosen.name}, not {context.name}: what depends on choices was not compared.",
                "Name the file of its choices with --config, or another deployment with --name.",
            )
        elif context.deployment and json.loads(context.deployment.settings().get("PROFILES", "null")) not in (
            None,
            chosen.profiles,
        ):
            yield attention(
                f"{file}'s profiles are not the deployed ones.",
                f"Name the file of choices that was deployed with --config; or deploy: {context.deploy}",
            )
        else:
            yield ok(f"{file}'s choices can be deployed.")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _version(program: str) -> str | None:
    """What a program says of its version: `24.19.0`."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\d+(\.\d+)+", said.stdout)
    return found[0] if found else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
