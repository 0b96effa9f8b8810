"""Deploy the stacks to the embedded cloud with the CDK command line. They are synthesised once."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[1]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}
_NO_REASON = re.compile(r"Subprocess exited with error|^at |^\^+$|^\W*$|^Node\.js v")
_BOOTSTRAP = "aws://000000000000/us-east-1"

ACCOUNT_SETTINGS = ("key_arn", "permissions_boundary", "bootstrap_qualifier")
"""Settings that name resources of an AWS account; the laptop deploys without them."""

Report = Callable[[str], None]


class DeploymentFailed(RuntimeError):
    """A command of the CDK failed; the message names it and the file with its output."""


@dataclass(frozen=True)
class Deployment:
    """The outputs of all stacks, by name."""

    outputs: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.outputs[name]


def config(**changed: Any) -> dict[str, Any]:
    """Return the laptop's configuration: `local/config.json`, not cdk.json, which may name resources of an account.

    Functions run on this machine's Python. Delays that are minutes on AWS are seconds here. `changed` replaces whole
    settings.
    """
    settings: dict[str, Any] = json.loads((ROOT / "local" / "config.json").read_text(encoding="utf-8"))
    return {**settings, "functions": _this_machine(), **changed}


def settings_from_file(file: Path) -> dict[str, Any]:
    """Return a deployment's own configuration for the laptop: this machine's Python, no ACCOUNT_SETTINGS.

    Raises:
        DeploymentFailed: the file is not a JSON object.
    """
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        kept = {name: value for name, value in settings.items() if name not in ACCOUNT_SETTINGS}
    except (OSError, ValueError, AttributeError) as error:
        raise DeploymentFailed(
            f"{file} cannot be read as a configuration ({error}): name a file with a JSON object."
        ) from error
    return {**kept, "functions": _this_machine()}


def _this_machine() -> dict[str, str]:
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return {"runtime": runtime, "architecture": _ARCHITECTURES.get(platform.machine(), "x86_64")}


def synthesise(folder: Path, settings: Mapping[str, Any], report: Report = print) -> Path:
    """Write the stacks' templates into `folder`/cdk.out; return that path."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "config.json"
    written.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    assembly = folder / "cdk.out"
    _cdk(folder, {}, report, "synth", "--quiet", "--context", f"stethoscript={written}", "--output", str(assembly))
    return assembly


def deploy(assembly: Path, endpoint: str, report: Report = print) -> Deployment:
    """Bootstrap the embedded cloud and deploy every stack of the assembly to it."""
    folder = assembly.parent
    report("Bootstrapping the account …")
    _cdk(folder, _environment(folder, endpoint), report, "bootstrap", _BOOTSTRAP, "--app", str(assembly))
    return deploy_to_bootstrapped(assembly, endpoint, report)


def deploy_to_bootstrapped(assembly: Path, endpoint: str, report: Report = print) -> Deployment:
    """Deploy every stack of the assembly to an embedded cloud that is bootstrapped."""
    folder = assembly.parent
    outputs = folder / "outputs.json"
    _cdk(
        folder, _environment(folder, endpoint), report,
        "deploy", "--all", "--progress", "events", "--app", str(assembly), "--require-approval", "never",
        "--concurrency", "1", "--outputs-file", str(outputs),
    )  # fmt: skip
    by_stack = json.loads(outputs.read_text(encoding="utf-8"))
    return Deployment({name: value for stack in by_stack.values() for name, value in stack.items()})


def destroy(assembly: Path, endpoint: str, report: Report = print) -> None:
    """Delete every stack of the assembly from the embedded cloud, with termination protection or without."""
    folder = assembly.parent
    _unprotect(assembly, endpoint)
    _cdk(folder, _environment(folder, endpoint), report, "destroy", "--all", "--force", "--app", str(assembly))


def _unprotect(assembly: Path, endpoint: str) -> None:
    """Turn termination protection off, because the CDK's command line cannot."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    artifacts = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    for name, artifact in artifacts.items():
        if artifact.get("properties", {}).get("terminationProtection"):
            cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)


def _environment(folder: Path, endpoint: str) -> dict[str, str]:
    """Return an environment for the embedded cloud, without the user's credentials, profiles or caches."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "HOME": str(folder),
    }


def _cdk(folder: Path, more: Mapping[str, str], report: Report, *arguments: str) -> None:
    """Run the CDK's command line, save its output in a file, and report the stacks it deploys.

    It runs in a process group of its own, so that its app and its child processes stop with it.
    """
    log = folder / f"cdk-{arguments[0]}.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",
        **more,
    }
    command = [str(CDK), "--no-color", "--no-notices", "--no-version-reporting", *arguments]
    output = []
    with log.open("w", encoding="utf-8") as kept:
        try:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, text=True, errors="replace", stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError as missing:
            raise DeploymentFailed(f"{CDK} is missing: remove build/installed and run make install.") from missing
        with process:
            try:
                for line in process.stdout or ():
                    output.append(line)
                    kept.write(line)
                    for sentence in _sentences(line):
                        report(sentence)
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    if process.returncode:
        raise DeploymentFailed(
            f"cdk {arguments[0]} failed: {_reason(output, process.returncode)} (whole output: {log}). "
            "Correct that, then run the command again."
        )


def _reason(output: list[str], code: int) -> str:
    """Return the last line of the CDK's output that gives a reason, or else how the command ended."""
    lines = [line.strip() for line in output]
    reasons = [line for line in lines if line and not _NO_REASON.search(line)]
    if reasons:
        return reasons[-1].rstrip(".")
    ended = f"signal {-code} stopped it" if code < 0 else f"it ended with exit code {code}"
    return f"{ended} and gave no reason"


def _sentences(line: str) -> Iterator[str]:
    """Return the lines to report for one line of the CDK's output."""
    text = line.strip()
    if ": deploying..." in text:
        yield f"Deploying {text.partition(':')[0]} …"
    elif text.startswith("Fetching the functions' packages"):
        yield text
