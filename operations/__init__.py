"""The operator's tool: where every recording is, why it waits, and what one can do about it.

`python -m operations --help` lists the commands; `docs/operating.md` describes them.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

# Operations import the functions' modules, because rows, names and messages are defined only there.
_FUNCTIONS = str(Path(__file__).resolve().parents[1] / "lambdas")
if _FUNCTIONS not in sys.path:
    sys.path.append(_FUNCTIONS)

if find_spec("typer") is None or find_spec("boto3") is None:
    sys.exit(
        f"The operator's tool needs packages that {sys.executable} does not have: run `make install` once, then "
        "`source .venv/bin/activate`, and repeat the command."
    )
