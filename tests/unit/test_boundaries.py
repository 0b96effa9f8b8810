"""Imports go one way: app → stacks → stethoscript; handlers → adapters, documents → stethoscript."""

import ast
import doctest
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = sorted((ROOT / "lambdas" / "stethoscript").rglob("*.py"))
DOCUMENTS = sorted((ROOT / "lambdas" / "documents").rglob("*.py"))
STACKS = sorted((ROOT / "stacks").glob("*.py"))
ADAPTERS = sorted((ROOT / "lambdas" / "adapters").glob("*.py"))
HANDLERS = sorted((ROOT / "lambdas").glob("*.py"))
UNIT_TESTS = sorted((ROOT / "tests" / "unit").glob("*.py"))


def called(path):
    """The module's full name."""
    return ".".join(path.relative_to(ROOT / "lambdas").with_suffix("").parts).removesuffix(".__init__")


def modules(path):
    """The full names of a file's imports: modules, or names in modules."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imported(path):
    """The top-level names of what a file imports."""
    return {name.partition(".")[0] for name in modules(path)}


def imported_with_helpers(path):
    """The imports of a test, and of the test helpers that it imports."""
    helpers = [ROOT / f"{name.replace('.', '/')}.py" for name in modules(path) if name.startswith("tests.")]
    return imported(path).union(*(imported_with_helpers(helper) for helper in helpers if helper.exists()))


@pytest.mark.parametrize("path", DOMAIN, ids=called)
def test_the_domain_imports_only_the_standard_library_and_itself(path):
    assert imported(path) <= sys.stdlib_module_names | {"stethoscript"}
    assert not imported(path) & {"os", "time", "random", "subprocess", "socket"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=called)
def test_documents_import_the_domain_and_no_aws_client(path):
    assert imported(path) <= sys.stdlib_module_names | {"stethoscript", "documents", "docx", "lxml"}


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_stacks_never_import_the_functions(path):
    assert not imported(path) & ({path.stem for path in HANDLERS} | {"adapters", "documents", "local"})


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.stem)
def test_every_module_in_the_root_of_lambdas_is_a_handler(path):
    assert "def handler(" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*ADAPTERS, *HANDLERS], ids=called)
def test_functions_import_neither_stacks_nor_local_nor_operations(path):
    assert not imported(path) & {"stacks", "local", "operations", "aws_cdk"}


@pytest.mark.parametrize("path", ADAPTERS, ids=called)
def test_adapters_import_no_handler(path):
    assert not imported(path) & {path.stem for path in HANDLERS}


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_unit_tests_need_no_fake_aws_and_no_slow_import(path):
    assert not imported_with_helpers(path) & {"aws_cdk", "boto3", "cfnlint", "moto"}


@pytest.mark.parametrize("path", [*DOMAIN, *DOCUMENTS], ids=called)
def test_the_doctest_examples_pass(path):
    assert doctest.testmod(importlib.import_module(called(path))).failed == 0


# The laptop and its recogniser

RECOGNISER = ROOT / "local" / "recogniser"
TESTS_OF_THE_RECOGNISER = {
    *(ROOT / "tests" / "unit").glob("test_recogniser*.py"),
    ROOT / "tests" / "local" / "test_recogniser_worker.py",
    ROOT / "tests" / "local" / "test_decoding.py",
}
NOT_OF_THE_RECOGNISER = [
    path
    for folder in ("local", "benchmarks", "operations", "stacks", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.is_relative_to(RECOGNISER) and path not in TESTS_OF_THE_RECOGNISER
]


def within(name, packages):
    """Whether a full name is one of these packages or lies in one of them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_other_packages_import_only_the_names_that_the_recogniser_offers():
    offered = {f"local.recogniser.{name}" for name in importlib.import_module("local.recogniser").__all__}
    for path in NOT_OF_THE_RECOGNISER:
        test_double = {"local.recogniser.scripted"} if path.is_relative_to(ROOT / "tests") else set()
        inside = {name for name in modules(path) if name.startswith("local.recogniser.")}
        assert {name for name in inside if not within(name, offered | test_double)} == set(), path


@pytest.mark.parametrize("path", sorted(RECOGNISER.glob("*.py")), ids=lambda path: path.stem)
def test_the_recogniser_imports_nothing_else_of_this_repository(path):
    others = {"stethoscript", "adapters", "documents", "stacks", "operations", "tests", "benchmarks"}
    assert not imported(path) & (others | {path.stem for path in HANDLERS})
    assert all(within(name, {"local.recogniser"}) for name in modules(path) if name.startswith("local."))


@pytest.mark.parametrize("path", sorted((ROOT / "lambdas").rglob("*.py")), ids=called)
def test_nothing_that_is_deployed_imports_the_laptop(path):
    assert "local" not in imported(path)
