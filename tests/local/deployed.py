"""Deployments for tests, synthesised in this process: what the CDK loads for the first one serves all others."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from app import stethoscript
from local import deployment
from local.cloud.cloud_process import Cloud
from local.deployment import ROOT, Deployment


def synthesise(folder: Path, **chosen: Any) -> Path:
    """What `cdk synth` writes for the laptop's choices and these: of the same app, by the same settings."""
    context: Mapping[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assembly = folder / "cdk.out"
    synthesised = cdk.App(context={**context, "stethoscript": deployment.config(**chosen)}, outdir=str(assembly))
    stethoscript(synthesised)
    synthesised.synth()
    return assembly


def deploy(cloud: Cloud, folder: Path, **chosen: Any) -> Deployment:
    """Deploy the laptop's choices and these."""
    return deploy_assembly(cloud, synthesise(folder, **chosen))


def deploy_assembly(cloud: Cloud, assembly: Path) -> Deployment:
    """Deploy what was synthesised; a cloud is bootstrapped once."""
    parameters = cloud.client("ssm").describe_parameters()["Parameters"]
    bootstrapped = any(each["Name"].startswith("/cdk-bootstrap/") for each in parameters)
    return (deployment.deploy_to_bootstrapped if bootstrapped else deployment.deploy)(assembly, cloud.endpoint)
