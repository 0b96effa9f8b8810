"""Transcribe Medical's batch jobs and vocabularies for the embedded cloud: AWS's API with our recogniser.

`docs/local-mode.md` lists the differences from AWS.
"""

import sys
from pathlib import Path

# The stacks and this service check a vocabulary's table by the same rules, which are in lambdas/.
sys.path.append(str(Path(__file__).parents[2] / "lambdas"))
