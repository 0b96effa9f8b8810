"""One template serves every partition of AWS: it has nothing that a partition lacks."""

import json
import re
from importlib import resources

import pytest

from stacks import partitions
from stacks.partitions import CHINA, COMMERCIAL, GOVCLOUD, LACKS, PARTITIONS
from tests.stacks.resolved_templates import DEPLOYMENTS

REGIONS = {
    COMMERCIAL: ("us-east-1", "amazonaws.com"),
    GOVCLOUD: ("us-gov-west-1", "amazonaws.com"),
    CHINA: ("cn-north-1", "amazonaws.com.cn"),
}
NO_VALUE = {"Ref": "AWS::NoValue"}
ONLY_IF_CHOSEN = {"AWS::Budgets::Budget", "AWS::Transcribe::MedicalVocabulary"}


def read_in(value, conditions, partition):
    """A part of a template in a partition: conditions decided, pseudo parameters filled in."""
    region, suffix = REGIONS[partition]
    pseudo = {"AWS::Partition": partition, "AWS::Region": region, "AWS::URLSuffix": suffix}
    match value:
        case {"Ref": name} if name in pseudo:
            return pseudo[name]
        case {"Fn::If": [condition, there, otherwise]}:
            one, other = (read_in(each, {}, partition) for each in conditions[condition]["Fn::Equals"])
            return read_in(there if one == other else otherwise, conditions, partition)
        case {"Fn::Join": [separator, parts]}:
            read = [read_in(part, conditions, partition) for part in parts]
            return separator.join(part if isinstance(part, str) else "*" for part in read)
        case dict():
            read = {name: read_in(inner, conditions, partition) for name, inner in value.items()}
            return {name: inner for name, inner in read.items() if inner != NO_VALUE}
        case list():
            return [inner for each in value if (inner := read_in(each, conditions, partition)) != NO_VALUE]
    return value


def declared(deployment, partition):
    """Every resource in a partition."""
    for template in deployment.templates.values():
        yield from read_in(template["Resources"], template.get("Conditions", {}), partition).values()


def lacking(resource, partition):
    """The parts of a resource that the partition lacks."""
    return [
        f"{lack.resource_type}.{lack.property}"
        for lack in LACKS
        if partition in lack.partitions
        and lack.resource_type == resource["Type"]
        and lack.property in (None, *resource["Properties"])
    ]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_nothing_is_deployed_that_a_partition_lacks(deployment, partition):
    assert not [each for resource in declared(deployment, partition) for each in lacking(resource, partition)]


def test_a_lacking_resource_would_be_detected(deployment):
    mapping = next(each for each in declared(deployment, GOVCLOUD) if each["Type"] == "AWS::Lambda::EventSourceMapping")
    tagged = {**mapping, "Properties": mapping["Properties"] | {"Tags": [{"Key": "a", "Value": "b"}]}}
    assert lacking(tagged, GOVCLOUD) == ["AWS::Lambda::EventSourceMapping.Tags"]
    assert not lacking(tagged, COMMERCIAL)


def test_a_kind_that_a_partition_lacks_is_deployed_only_if_configured(deployment, organised):
    kinds = {lack.resource_type for lack in LACKS if lack.property is None}
    assert kinds == ONLY_IF_CHOSEN
    assert not kinds & {each["Type"] for each in declared(deployment, GOVCLOUD)}
    assert "AWS::Budgets::Budget" in {each["Type"] for each in declared(organised, COMMERCIAL)}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_every_arn_is_in_its_own_partition(deployment, partition):
    written = json.dumps(list(declared(deployment, partition)))
    assert set(re.findall(r"arn:([a-z-]+):", written)) == {partition}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_cloudformation_s_schemas_confirm_every_deployed_kind_and_every_lack(deployment, partition):
    """By CloudFormation's schemas, which cfn-lint has for every Region."""
    schemas = resources.files("cfnlint.data.schemas.providers")
    region, _ = REGIONS[partition]
    known = set(json.loads(schemas.joinpath(f"{region}.json").read_text(encoding="utf-8")))
    assert {each["Type"] for each in declared(deployment, partition)} <= known
    unknown = {lack.resource_type for lack in LACKS if lack.property is None and partition in lack.partitions}
    assert unknown & known == set()


def test_every_lack_names_its_source():
    assert all(lack.source.startswith("https://") for lack in LACKS)
    assert all(source.startswith("https://") for source in partitions.NO_OPT_OUT_POLICIES.values())


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_event_source_mappings_are_not_tagged(request, name):
    assert partitions.untaggable() == ["AWS::Lambda::EventSourceMapping"]
    for mapping in request.getfixturevalue(name).all("AWS::Lambda::EventSourceMapping"):
        assert "Tags" not in mapping.properties
