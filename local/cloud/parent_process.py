"""End when the process that started us ends, however it ended.

`python -m local.cloud.parent_process MODULE …` runs a module that way.
"""

import os
import runpy
import signal
import sys
import threading
import time

LOOK = 0.5  # seconds between two looks


def watch() -> None:
    """Send ourselves SIGTERM once the parent is gone; a killed parent cannot do it any more."""
    parent = os.getppid()

    def watching() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watching, name="parent", daemon=True).start()


if __name__ == "__main__":
    watch()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
