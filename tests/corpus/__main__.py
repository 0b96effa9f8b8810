"""Print the corpus: one line for each item with its expected outcome, and the number of items for each outcome."""

import sys
from collections import Counter
from collections.abc import Iterator

from tests.corpus import audio, completion_messages, config, intake_messages, keys, metadata, transcripts

TABLES = (
    ("keys", keys.ITEMS),
    ("metadata, storage class, encryption", metadata.ITEMS),
    ("audio", audio.ITEMS),
    ("messages of the intake queue", intake_messages.ITEMS),
    ("messages of the completion queue", completion_messages.ITEMS),
    ("transcripts", transcripts.ITEMS),
    ("choices", config.ITEMS),
)


def lines() -> Iterator[str]:
    """The tables, then the counts."""
    outcomes: Counter[str] = Counter()
    for name, items in TABLES:
        yield f"{name}: {len(items)}"
        for item in items:
            outcomes[item.expected.partition(" (")[0]] += 1
            yield f"  {item.id:5} {item.what:55} {item.expected:34} {item.why}".rstrip()
        yield ""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    yield f"{outcomes.total()} items: {counts}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
