"""Installation: each failure prints a sentence with the next step, and pip's settings also apply to uv."""

import subprocess
import sys
from pathlib import Path

import pytest

from local import install
from local.install import Step

SAID = {
    "a full disk": ("OSError: [Errno 28] No space left on device", "free some space"),
    "npm's full disk": ("npm error code ENOSPC", "free some space"),
    "another file than the locked one": ("error: Hash mismatch for lxml", "differs from the locked one"),
    "a Python without wheels": ("hint: lxml has no usable wheels", "use Python 3.11 to 3.14"),
    "pip without a wheel": ("ERROR: No matching distribution found for lxml==6", "use Python 3.11 to 3.14"),
    "a folder of somebody else's": ("PermissionError: [Errno 13] Permission denied", "the owner of this folder"),
    "no network": ("error: Failed to fetch: dns error", "this machine reaches"),
    "anything else": ("Segmentation fault", "this machine reaches"),
}


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "BUILD", tmp_path)
    monkeypatch.setattr(install, "environment", dict)
    return tmp_path


@pytest.mark.parametrize(("said", "remedy"), SAID.values(), ids=SAID)
def test_an_installer_s_error_becomes_a_sentence_with_the_next_step(said, remedy):
    sentence = install.failure("Python packages", said, Path("install.log"))
    assert sentence.startswith("Python packages: not installed. Next step: ")
    assert remedy in sentence
    assert said in sentence
    assert "install.log" in sentence


def test_steps_run_at_the_same_time_and_one_that_fails_ends_the_others(build):
    waits = "import time; time.sleep(60)"
    fails = "import sys; sys.exit('No space left on device')"
    steps = [Step(what, [sys.executable, "-c", code]) for what, code in (("Long", waits), ("Short", fails))]
    with pytest.raises(SystemExit, match=r"Short: not installed.*free some space"):
        install.run(*steps)
    assert (build / "install-long.log").read_text() == ""


def test_successful_steps_print_nothing_more(build, capsys):
    install.run(Step("One", [sys.executable, "-c", "print(1)"]), Step("Two", [sys.executable, "-c", "print(2)"]))
    assert capsys.readouterr().out == "One; Two …\n"
    assert [(build / f"install-{name}.log").read_text() for name in ("one", "two")] == ["1\n", "2\n"]


def test_without_uv_pip_installs(build, capsys, monkeypatch):
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(install, "ROOT", build)  # there is no local/uv.txt
    assert install.installer()[1:3] == ["-m", "pip"]
    assert "pip is used instead" in capsys.readouterr().out


CONFIG = """\
:env:.find-links='/opt/wheels'
:env:.index-url='https://one.example/simple'
global.cert='/etc/ssl/corporate.pem'
global.extra-index-url='https://two.example/simple file:///nowhere/simple'
global.index-url='https://three.example/simple'
global.proxy='http://proxy.example:3128'
global.trusted-host='one.example'
install.require-hashes='true'
user.timeout='90'
"""


def test_uv_uses_pip_s_mirror_and_proxy():
    assert install.uv_settings(CONFIG, lambda path: "nowhere" not in str(path)) == {
        "UV_FIND_LINKS": "/opt/wheels",
        "UV_DEFAULT_INDEX": "https://one.example/simple",
        "SSL_CERT_FILE": "/etc/ssl/corporate.pem",
        "UV_INDEX": "https://two.example/simple",
        "ALL_PROXY": "http://proxy.example:3128",
        "UV_INSECURE_HOST": "one.example",
        "UV_HTTP_TIMEOUT": "90",
    }


def test_pip_lists_its_settings_as_we_read_them(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://one.example/simple")
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert install.uv_settings(listed, Path.exists)["UV_DEFAULT_INDEX"] == "https://one.example/simple"
