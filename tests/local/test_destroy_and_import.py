"""The CDK's command line destroys a deployment, and `import` restores it with all its data."""

from functools import cache

import pytest
from typer.testing import CliRunner

from local import deployment
from local.cloud.cloud_process import running
from operations.__main__ import app
from tests.local.test_pipeline import Pipeline

BUCKETS = ("intake", "work", "transcripts", "access-logs")
HERE = "000000000000-us-east-1"


def policies(cloud):
    """The policy of each bucket."""
    return {name: cloud.client("s3").get_bucket_policy(Bucket=f"clinic-{name}-{HERE}")["Policy"] for name in BUCKETS}


def stacks(cloud):
    return {each["StackName"] for each in cloud.client("cloudformation").describe_stacks()["Stacks"]} - {"CDKToolkit"}


@pytest.mark.proof
def test_retained_resources_keep_their_policies_are_imported_and_continue_to_work(tmp_path):
    assembly = deployment.synthesise(tmp_path, deployment.config(name="clinic"))
    with running(state=tmp_path / "state", engine="scripted", completion_events="on") as cloud:
        pipeline = Pipeline(cloud, deployment.deploy(assembly, cloud.endpoint), tmp_path)
        notification = pipeline.notification_of(pipeline.upload("dictation/a.wav", "0: Before the end."))
        guards = policies(cloud)
        deployment.destroy(assembly, cloud.endpoint)
        assert not stacks(cloud)
        assert policies(cloud) == guards

        command = ["import", "--yes", "--name", "clinic", "--app", str(assembly)]
        ended = CliRunner().invoke(app, command, obj=cache(cloud.client))
        assert ended.exit_code == 0, ended.output
        assert "clinic-storage: resources taken back: 12" in ended.output
        assert "clinic-pipeline: resources taken back: 5" in ended.output

        back = Pipeline(cloud, deployment.deploy(assembly, cloud.endpoint), tmp_path)
        assert back.deployed == pipeline.deployed
        assert policies(cloud) == guards
        assert "Before the end." in back.text(notification)
        assert "After it." in back.text(back.notification_of(back.upload("dictation/b.wav", "0: After it.")))
        rows = cloud.client("dynamodb").scan(TableName="clinic-ledger")["Items"]
        assert [row["state"]["S"] for row in rows if "state" in row] == ["DELIVERED", "DELIVERED"]
