"""End this process when its parent ends, even if the parent is killed.

`python -m local.cloud.parent_process MODULE …` runs a module that way.
"""

import os
import runpy
import signal
import sys
import threading
import time

POLL_SECONDS = 0.5  # between two checks


def exit_with_parent() -> None:
    """Send SIGTERM to this process once its parent has ended, because a killed parent cannot do it."""
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
