"""`make cloud-stacks`: deploy the stacks to the cloud that `make cloud` runs in another window."""

import argparse
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

from local import deployment
from local.cloud import environment
from local.cloud.settings import port_number
from local.deployment import ROOT, Deployment, DeploymentFailed

BUILD = ROOT / "build" / "stacks"
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach the loopback


def main() -> int:
    """Deploy, and print the next commands; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.deploy", description=__doc__)
    parser.add_argument("--port", type=port_number, default=4566, help="the cloud's port (default 4566)")
    parser.add_argument("--config", type=Path, help="a configuration file, in place of local/config.json")
    given = parser.parse_args()
    endpoint = f"http://127.0.0.1:{given.port}"
    try:
        _NO_PROXY.open(endpoint, timeout=10).close()
    except (URLError, OSError):
        print(f"No cloud answers at {endpoint}: start it with `make cloud` in another window.", file=sys.stderr)
        return 1
    try:
        print("Synthesising the stacks …", flush=True)
        settings = deployment.settings_from_file(given.config) if given.config else deployment.config()
        assembly = deployment.synthesise(BUILD, settings)
        print(_next(deployment.deploy(assembly, endpoint), endpoint, given.config))
    except DeploymentFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


def _next(deployed: Deployment, endpoint: str, config: Path | None) -> str:
    return f"""Deployed; the intake bucket is {deployed["IntakeBucketName"]}. Now, for example:

  source .venv/bin/activate
  {environment.exports(endpoint)}
  python -m operations upload local/recordings/dictation.wav --profile dictation --wait
  python -m operations open JOB       # the transcript, with its audio
  python -m operations doctor --config {config or "local/config.json"}
  python -m operations smoke"""


if __name__ == "__main__":
    sys.exit(main())
