"""Stethoscript's stacks, in the order in which data passes through them."""

import os
import sys

import aws_cdk as cdk

from stacks import partitions
from stacks.config import Config, InvalidConfig
from stacks.monitoring import MonitoringStack
from stacks.pipeline import PipelineStack
from stacks.storage import StorageStack


def stethoscript(app: cdk.App) -> None:
    """Add one deployment's stacks to the app, as the context `stethoscript` configures them."""
    config = Config.read(app.node.try_get_context("stethoscript"))
    properties = config.stack_properties()
    config.check_key_location(os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION"))
    storage = StorageStack(app, f"{config.name}-storage", config=config, **properties)
    pipeline = PipelineStack(app, f"{config.name}-pipeline", config=config, **properties)
    monitoring = MonitoringStack(app, f"{config.name}-monitoring", config=config, **properties)
    pipeline.add_stack_dependency(storage)
    monitoring.add_stack_dependency(pipeline)
    cdk.Tags.of(app).add("application", config.name, exclude_resource_types=partitions.untaggable())


if __name__ == "__main__":
    app = cdk.App()
    try:
        stethoscript(app)
    except InvalidConfig as error:
        context = app.node.try_get_context("stethoscript")
        source = context if isinstance(context, str) else 'cdk.json (context "stethoscript")'
        sys.exit(f"Configuration in {source}: {error}")
    app.synth()
