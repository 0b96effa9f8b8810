"""Imports go one way: app → stacks, handlers → documents → stethoscript → the standard library."""

import ast
import doctest
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = sorted((ROOT / "lambdas" / "stethoscript").glob("*.py"))
DOCUMENTS = sorted((ROOT / "lambdas" / "documents").rglob("*.py"))
STACKS = sorted((ROOT / "stacks").glob("*.py"))
FUNCTIONS = sorted((ROOT / "lambdas").glob("*.py"))


def imported(path):
    """The top-level names of what a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def called(path):
    """The module's full name."""
    return ".".join(path.relative_to(ROOT / "lambdas").with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_the_domain_imports_the_standard_library_and_itself(path):
    assert imported(path) <= sys.stdlib_module_names | {"stethoscript"}
    assert not imported(path) & {"os", "time", "random", "subprocess", "socket"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=called)
def test_documents_know_the_domain_and_no_aws(path):
    assert imported(path) <= sys.stdlib_module_names | {"stethoscript", "documents", "docx", "lxml"}


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_stacks_never_import_what_runs(path):
    assert not imported(path) & ({path.stem for path in FUNCTIONS} | {"documents", "local"})


@pytest.mark.parametrize("path", FUNCTIONS, ids=lambda path: path.stem)
def test_functions_know_nothing_of_stacks_or_laptops(path):
    assert not imported(path) & {"stacks", "local", "aws_cdk"}


@pytest.mark.parametrize("path", [*DOMAIN, *DOCUMENTS], ids=called)
def test_the_examples_in_docstrings_are_true(path):
    assert doctest.testmod(importlib.import_module(called(path))).failed == 0
