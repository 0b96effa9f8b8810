"""The laptop's commands check their arguments and print one sentence about a wrong one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local import deployment
from local.cloud.settings import Settings
from local.deployment import DeploymentFailed
from stacks.config import Functions
from stacks.packaging import _why_not_fetched

ROOT = Path(__file__).resolve().parents[2]
NEW = Functions("python3.14")


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "4566.0", "²"])
@pytest.mark.parametrize("module", ["local.cloud", "local.deploy"])
def test_an_invalid_port_prints_the_valid_range(module, port, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module, f"--port={port}"])
    from local import deploy  # noqa: PLC0415

    with pytest.raises(SystemExit):
        Settings.read() if module == "local.cloud" else deploy.main()
    assert f"{port} is not a port; ports go from 0 to 65535" in capsys.readouterr().err


def test_the_laptop_deploys_a_configuration_file_with_its_own_python_and_without_account_resources(tmp_path):
    file = tmp_path / "clinic.json"
    given = {"name": "clinic", "profiles": {"ward/": {}}, "key_arn": "arn:aws:kms:…", "layout": "mirrored"}
    file.write_text(json.dumps(given))
    chosen = deployment.settings_from_file(file)
    assert {name: chosen[name] for name in chosen if name != "functions"} == {
        "name": "clinic", "profiles": {"ward/": {}}, "layout": "mirrored",
    }  # fmt: skip
    assert chosen["functions"]["runtime"] == f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize("content", ["no JSON", "[]", None])
def test_a_file_without_configuration_is_reported(tmp_path, content):
    file = tmp_path / "clinic.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DeploymentFailed, match="cannot be read as a configuration"):
        deployment.settings_from_file(file)


def test_make_passes_the_configuration_on():
    said = subprocess.run(
        ["make", "--dry-run", "cloud-stacks", "CONFIG=my config.json", "INSTALLED="],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '--config="$TYPED_CONFIG"' in said.stdout  # tests/unit/test_make_values.py shows that it arrives as typed


def test_without_its_packages_the_tool_prints_the_remedy():
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "operations", "status"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "run `make install` once, then `source .venv/bin/activate`" in ended.stderr


NO_VERSION = "ERROR: Could not find a version that satisfies the requirement lxml==6.1.3 (from versions: none)\n"
NO_WHEEL = NO_VERSION + "ERROR: No matching distribution found for lxml==6.1.3"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (NO_WHEEL, "lxml==6.1.3 has no wheel for python3.14 on arm64: set another functions.runtime"),
        (f"WARNING: Retrying after connection broken by 'NewConnectionError'\n{NO_WHEEL}", "check the network"),
        ("ERROR: HTTP error 403 while getting lxml", "check the network"),
        ("", "check the network"),
    ],
)
def test_a_package_without_a_build_for_the_runtime_is_not_reported_as_a_network_error(said, sentence):
    assert sentence in _why_not_fetched(NEW, said)
