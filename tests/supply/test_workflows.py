"""The workflows run this repository's commands, with pinned actions and read permission only."""

import re

import pytest
import yaml

from tests.supply.locked import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path):
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def called(path):
    return path.stem


@pytest.mark.parametrize("path", WORKFLOWS, ids=called)
def test_actions_are_pinned_by_commit_with_the_version_beside_it(path):
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert len(used) == len([step for step in steps(path) if "uses" in step])
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_an_action_has_the_same_commit_everywhere():
    used = {step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step}
    assert len(used) == len({action.partition("@")[0] for action in used})


@pytest.mark.parametrize("path", WORKFLOWS, ids=called)
def test_a_workflow_has_only_read_permission_on_the_repository(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert not [job for job in workflow["jobs"].values() if "permissions" in job]
    assert "secrets." not in path.read_text(encoding="utf-8")
    assert "pull_request_target" not in workflow[True]  # YAML reads `on` as true
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=called)
def test_a_workflow_has_a_timeout_and_is_cancelled_by_a_newer_run(path):
    workflow = read(path)
    assert workflow["concurrency"]["group"]
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=called)
def test_a_workflow_runs_make_targets_and_uses_no_text_from_outside(path):
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert {target for command in commands for target in re.findall(r"make ([a-z-]+)", command)} <= TARGETS
    assert not [command for command in commands if "${{" in command]


def test_the_tests_run_on_the_oldest_python_and_on_lambdas():
    [job] = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.14"]


def test_update_checks_cover_every_pinned_dependency():
    updates = read(ROOT / ".github" / "dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "npm", "github-actions"}
    [folders] = [update["directories"] for update in updates if update["package-ecosystem"] == "pip"]
    for folder in folders:
        assert (ROOT / folder.strip("/") / "requirements.txt").exists()
