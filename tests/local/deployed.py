"""Deployments for tests, synthesised in this process, because the CDK's library loads once for all of them."""

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
    """The output of `cdk synth` for the laptop's configuration with these changes:

    the same app and the same settings.
    """
    context: Mapping[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assembly = folder / "cdk.out"
    synthesised = cdk.App(context={**context, "stethoscript": deployment.config(**chosen)}, outdir=str(assembly))
    stethoscript(synthesised)
    synthesised.synth()
    return assembly


def deploy(cloud: Cloud, folder: Path, **chosen: Any) -> Deployment:
    """Deploy the laptop's configuration with these changes."""
    return deploy_assembly(cloud, synthesise(folder, **chosen))


def deploy_assembly(cloud: Cloud, assembly: Path) -> Deployment:
    """Deploy a synthesised assembly. Each cloud is bootstrapped once."""
    parameters = cloud.client("ssm").describe_parameters()["Parameters"]
    bootstrapped = any(each["Name"].startswith("/cdk-bootstrap/") for each in parameters)
    return (deployment.deploy_to_bootstrapped if bootstrapped else deployment.deploy)(assembly, cloud.endpoint)
