"""Transcribe Medical's batch jobs and vocabularies, for the embedded cloud: the service's contract, our recogniser.

`docs/local-mode.md` says where it differs from AWS's.
"""

import sys
from pathlib import Path

# A vocabulary's table is checked by the rules the stacks check it by, which lie beside the functions.
sys.path.append(str(Path(__file__).parents[2] / "lambdas"))
