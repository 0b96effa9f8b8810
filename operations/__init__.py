"""The operator's tool: where every recording is, why it waits, and what one can do about it.

`python -m operations --help` lists the commands; `docs/operator.md` describes them.
"""

import sys
from pathlib import Path

# The one place that says where the functions' own modules are: what a row, a name or a message is
# has one definition, theirs.
_FUNCTIONS = str(Path(__file__).resolve().parents[1] / "lambdas")
if _FUNCTIONS not in sys.path:
    sys.path.append(_FUNCTIONS)
