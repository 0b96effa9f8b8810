"""Document keys are safe in any tool, unique, and never longer than S3 accepts."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import FORMATS, manifest
from stethoscript import document_keys, formats
from stethoscript.ledger_row import LedgerRow, State

KEYS = json.loads((Path(__file__).parent / "keys.json").read_text(encoding="utf-8"))
PATHS = (
    "dictation/%252B%2520%25%25%25.wav", "dictation/%252B++ %2520.wav", "dictation/test+b.wav", None, None,
    "dictation/%63on.wav", "dictation/%61ux/a.wav",
)  # fmt: skip
"""The folders of the documents of KEYS; None if the name is shortened."""
JOB = "a" * 23 + "-" + 40 * "0" + "-12"
keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300).filter(lambda key: len(key.encode()) <= 1024)
parts = st.lists(
    st.sampled_from(["", ".", "..", "a", "a.", "%2F", "%2E", " ", "/", "é", "e\u0301", "\u202e"]), min_size=1
)


def row(key, job=JOB):
    return LedgerRow(job, State.DELIVERED, "b", key, "v", 0, 0, job)


def folder(key, job=JOB):
    return document_keys.mirrored(row(key, job))


@given(st.one_of(keys, parts.map("/".join)))
def test_every_part_of_a_mirrored_path_is_safe_in_any_tool(key):
    path = folder(key)
    assert path.endswith(f"/{JOB}/") or path == f"{JOB}/"
    for part in path.rstrip("/").split("/"):
        assert part not in ("", ".", "..")
        assert part.isprintable()
        assert not set(part) & set('\\:*?"<>|{}^`[]#&$;\x7f')
        assert not part.endswith((".", " "))


PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"}
RESERVED = {"con", "prn", "aux", "nul", *PORTS}
awkward = st.sampled_from(
    ["con", "CON.wav", "aux.a.b", "com\u00b9", "LPT9 .txt", "nul ", "&" * 100, "語" * 200, "a" * 254, "a" * 256]
)


def fits(part):
    """Whether ext4, APFS and NTFS take it as a name."""
    stem = part.partition(".")[0].rstrip().lower()
    return len(part.encode()) <= 255 and stem not in RESERVED


@given(st.lists(st.one_of(keys, awkward), min_size=1, max_size=4).map("/".join))
def test_every_part_of_a_mirrored_path_fits_every_common_file_system(key):
    assert all(fits(part) for part in folder(key).rstrip("/").split("/"))


@pytest.mark.parametrize(
    ("key", "path"),
    list(zip(KEYS, PATHS, strict=True)),
)
def test_only_names_that_file_systems_refuse_are_changed(key, path):
    written = folder(key).removesuffix(f"/{JOB}/")
    assert all(fits(part) for part in written.split("/"))
    if path is None:
        beginning = key.split("/")[1][:60]
        assert written.startswith(f"dictation/{beginning}")
        assert re.search("-[0-9a-f]{16}$", written)
    else:
        assert written == path


@pytest.mark.parametrize(("character", "times"), [("&", 100), ("語", 100), ("é", 200), ("\U0001f600", 40)])
def test_long_names_that_differ_at_their_end_stay_different_and_no_character_is_cut(character, times):
    one, other = folder(f"dictation/{character * times}a"), folder(f"dictation/{character * times}b")
    assert one != other
    name = one.split("/")[1].rpartition("-")[0]
    assert unquote(name, errors="strict").strip(character) == ""


@given(parts.map("/".join), parts.map("/".join))
def test_different_paths_stay_different(one, other):
    assert (folder(one) == folder(other)) is (one == other)


@given(keys)
def test_s3_accepts_every_document_s_key(key):
    longest = max((*(form.name for form in FORMATS.values()), manifest.NAME, "transcribe.json"), key=len)
    assert len((folder(key) + longest).encode()) <= 1024


def test_a_path_that_is_too_long_loses_its_last_parts_and_keeps_the_document_s_name():
    assert folder(f"dictation/ward 3/{'ü' * 500}") == f"dictation/ward 3/{JOB}/"
    assert folder("x" * 1024) == f"{JOB}/"


def test_two_uploads_of_one_key_never_share_a_folder():
    assert folder("dictation/a.wav", "clinic-1") != folder("dictation/a.wav", "clinic-2")


@given(
    st.sampled_from(list(document_keys.FOLDERS)),
    st.one_of(keys, st.sampled_from(["dictation/a.wav/clinic-1", "x" * 1024])),
)
def test_a_recording_s_folder_is_last_in_its_path_and_named_after_its_job(name, key):
    assert document_keys.FOLDERS[name](row(key, "clinic-2")).split("/")[-2:] == ["clinic-2", ""]


def test_an_opaque_folder_reveals_nothing_about_the_upload():
    assert document_keys.opaque(row("dictation/Jane Doe.wav")) == f"1970-01-01/{JOB}/"


def test_the_configurable_formats_are_the_ones_that_can_be_written():
    assert set(formats.NAMES) == set(FORMATS)
    assert set(formats.USUAL) <= set(FORMATS)


def test_the_configuration_page_lists_every_format_and_layout_and_the_defaults():
    page = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8")
    assert f"| `documents` | `{json.dumps(formats.USUAL)}` |" in page
    for name in (*formats.NAMES, *document_keys.FOLDERS):
        assert f"`{name}`" in page


def test_no_other_document_has_the_manifest_s_name():
    names = [form.name for form in FORMATS.values()]
    assert len({*names, manifest.NAME, "transcribe.json"}) == len(names) + 2
