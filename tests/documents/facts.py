"""What the documents of these tests are about."""

from documents.facts import Facts
from stethoscript.profiles import Recipe

FACTS = Facts(
    "clinic-38d3f5", "conversation/Jane Doe.wav", 1_790_000_000, Recipe("CONVERSATION"), "conversation", "visit-4711"
)
