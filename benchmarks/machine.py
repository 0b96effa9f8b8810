"""The measuring machine, and its environments for other projects."""

import os
import platform
import re
import subprocess
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def described() -> dict[str, Any]:
    """The properties of the machine that affect the figures."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {
        "processor": model[1] if model else platform.machine(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def environment(name: str, requirements: Path) -> Path:
    """Make an environment under build/ if it is missing, and return its Python."""
    folder = ROOT / "build" / name
    python, done, wanted = folder / "bin" / "python", folder / "installed", requirements.read_text(encoding="utf-8")
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        subprocess.run([*pip, "-r", str(requirements)], check=True)
        done.write_text(wanted, encoding="utf-8")
    return python
