"""End when the process that started us ends, however it ended.

`python -m local.cloud.parent_process MODULE …` runs a module that way.
"""

import os
import runpy
import signal
import sys
import threading
import time

POLL_SECONDS = 0.5  # seconds between two looks


def exit_with_parent() -> None:
    """Send ourselves SIGTERM once the parent is gone; a killed parent cannot do it any more."""
    parent = os.getppid()

    def poll() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=poll, name="parent", daemon=True).start()


if __name__ == "__main__":
    exit_with_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
