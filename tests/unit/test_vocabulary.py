"""Vocabulary tables that Transcribe Medical accepts, and those it refuses."""

# ruff: noqa: RUF001  # IPA looks like Latin
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stethoscript import vocabulary
from stethoscript.vocabulary import InvalidTable, Term

ROOT = Path(__file__).parents[2]
HEADER = "Phrase\tIPA\tSoundsLike\tDisplayAs\n"
GUIDE = (
    HEADER + "acute-respiratory-distress-syndrome\t\t\tacute respiratory distress syndrome\n"
    "A.L.L.\teɪ ɛ l ɛ l\t\tALL\n"
    "atrioventricular-nodal-reentrant-tachycardia\t\tay-tree-o-ven-trick-u-lar-node-al-re-entr-ant-tack-ih-card-ia\t\n"
)


def problems(table):
    with pytest.raises(InvalidTable) as bad:
        vocabulary.read(table if isinstance(table, bytes) else table.encode())
    return [str(problem) for problem in bad.value.problems]


def test_the_developer_guides_own_table_is_read():
    assert vocabulary.read(GUIDE.encode()) == (
        Term("acute-respiratory-distress-syndrome", display_as="acute respiratory distress syndrome"),
        Term("A.L.L.", ipa="eɪ ɛ l ɛ l", display_as="ALL"),
        Term(
            "atrioventricular-nodal-reentrant-tachycardia",
            sounds_like="ay-tree-o-ven-trick-u-lar-node-al-re-entr-ant-tack-ih-card-ia",
        ),
    )


def test_columns_may_come_in_any_order():
    table = b"DisplayAs\tSoundsLike\tIPA\tPhrase\nb.i.d.\tbee-eye-dee\t\tB.I.D.\n"
    assert vocabulary.read(table) == (Term("B.I.D.", sounds_like="bee-eye-dee", display_as="b.i.d."),)


def test_the_last_line_needs_no_end():
    assert vocabulary.read(f"{HEADER}warfarin\t\t\t".encode()) == (Term("warfarin"),)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (b"", "line 1: the header"),
        ("Phrase\tIPA\tSoundsLike\nwarfarin\t\t\n", "line 1: the header"),
        ("phrase\tipa\tsoundslike\tdisplayas\nwarfarin\t\t\t\n", "line 1: the header"),
        ("Phrase,IPA,SoundsLike,DisplayAs\n", "line 1: the header"),
        (HEADER, "no row below"),
        (f"{HEADER}warfarin\n", "line 2: there are 1 columns instead of 4"),
        (f"{HEADER}warfarin\t\t\t\t\n", "line 2: there are 5 columns instead of 4"),
        (f"{HEADER}warfarin\t\t\t\n\nheparin\t\t\t\n", "line 3: the line is empty"),
        (f"{HEADER}\t\t\tWarfarin\n", "line 2: Phrase is empty"),
        (f"{HEADER}atrial fibrillation\t\t\t\n", "line 2: Phrase may hold"),
        (f"{HEADER}vitamin-B12\t\t\t\n", "spell numbers out"),
        (f"{HEADER}-warfarin\t\t\t\n", "line 2: Phrase may hold"),
        (f"{HEADER}war--farin\t\t\t\n", "line 2: Phrase may hold"),
        (f"{HEADER}Ménière\t\t\t\n", "line 2: Phrase may hold"),
        (f"{HEADER}warfarin \t\t\t\n", "line 2: Phrase begins or ends with a space"),
        (f"{HEADER}warfarin\t\t\tWarfarin\u00a0\n", "line 2: DisplayAs begins or ends with a space"),
        (f"{HEADER}warfarin\t\twar far in\t\n", "line 2: SoundsLike may hold"),
        (f"{HEADER}A.L.L.\teɪ  ɛ\t\tALL\n", "line 2: IPA holds"),
        (f"{HEADER}A.L.L.\teɪɛ\t\tALL\n", "line 2: IPA holds"),
        (f"{HEADER}A.L.L.\teɪ ɛ\tay-ell\tALL\n", "line 2: IPA and SoundsLike exclude each other"),
        (f"{HEADER}warfarin\t\t\tWar\x07farin\n", "line 2: DisplayAs holds a control character"),
        (f"{HEADER}{'a' * 256}\t\t\t\n", "line 2: Phrase has 256 characters; the limit is 255"),
        (f"{HEADER}warfarin\t\t\t{'ü' * 256}\n", "line 2: DisplayAs has 256 characters"),
        (f"{HEADER}warfarin\t\t\tW\r\n", "line 2: lines must end with a line feed alone"),
        (HEADER.encode() + b"warfarin\t\t\tM\xe9ni\xe8re\n", "line 2: this is not UTF-8"),
        (b"\xef\xbb\xbf" + HEADER.encode() + b"warfarin\t\t\t\n", "line 1: the file begins with a byte order mark"),
        ((HEADER + "a\t\t\t\n").encode("utf-16"), "line 1: this is not UTF-8"),
    ],
)
def test_the_error_names_each_refused_value_with_its_line(table, problem):
    [found] = problems(table)
    assert problem in found


def test_a_value_of_255_characters_is_the_longest():
    assert vocabulary.read(f"{HEADER}{'a' * 255}\t\t\t{'ü' * 255}\n".encode())


def test_51200_bytes_are_the_limit():
    rows = "warfarin\t\t\t\n" * 5000
    fitting = (HEADER + rows)[: vocabulary.MOST_BYTES - 40] + "\n"
    fitting = fitting[: fitting.rindex("\n", 0, -1) + 1]
    whole = fitting + "a" * (vocabulary.MOST_BYTES - len(fitting) - 4) + "\t\t\t\n"
    assert len(whole) == vocabulary.MOST_BYTES
    assert vocabulary.read(whole.encode())
    assert problems(whole.replace("\t\t\t\n", "\t\t\ta\n", 1)) == ["the file has 51,201 bytes; the limit is 51,200"]


def test_every_bad_line_is_named_and_the_message_shows_the_first_few():
    table = HEADER + "B12\t\t\t\n" * 8
    assert len(problems(table)) == 8
    with pytest.raises(InvalidTable, match=r"line 2: .*; line 6: .*; and 3 more$"):
        vocabulary.read(table.encode())


words = st.lists(st.text("abyzABYZ'.", min_size=1, max_size=20), min_size=1, max_size=4).map("-".join)
shown = st.text("aZ9 é漢-/'µ", max_size=40).map(str.strip)


@given(st.lists(st.tuples(words, shown), min_size=1, max_size=20))
def test_every_row_is_read_as_it_was_written(rows):
    table = HEADER + "".join(f"{phrase}\t\t\t{display}\n" for phrase, display in rows)
    read = vocabulary.read(table.encode())
    assert [(term.phrase, term.display_as or "") for term in read] == rows


@given(st.binary(max_size=200))
def test_any_bytes_can_be_checked(content):
    for table in (content, HEADER.encode() + content):
        with suppress(InvalidTable):
            vocabulary.read(table)


def test_different_content_makes_a_different_vocabulary():
    names = {vocabulary.deployed_name("clinic", "drugs", content) for content in (b"a", b"b", b"a")}
    assert len(names) == 2
    assert all(name.startswith("clinic-drugs-") and len(name) == 25 for name in names)


@pytest.mark.parametrize("path", sorted((ROOT / "vocabularies").glob("*.txt")), ids=lambda path: path.stem)
def test_the_shipped_tables_are_valid(path):
    terms = vocabulary.read(path.read_bytes())
    assert len({term.phrase for term in terms}) == len(terms)
    assert all(term.display_as for term in terms)
