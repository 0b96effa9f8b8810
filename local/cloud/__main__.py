"""Start the cloud: `python -m local.cloud`."""

import asyncio
import json
import os
import socket
import sys
import tempfile

from local.cloud import environment, parent_process, state_folder
from local.cloud.errors import CannotStart
from local.cloud.settings import Settings
from local.cloud.state_folder import StateFolder


def main() -> int:
    """Run the cloud until a signal stops it; return the exit code."""
    settings = Settings.read()
    if settings.exit_with_parent:
        parent_process.exit_with_parent()
    try:
        with state_folder.held(settings.state, fresh=settings.fresh) as folder:
            _run(settings, folder, _listener(settings.port))
    except CannotStart as problem:
        print(problem, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:  # before the loop runs, which handles Ctrl-C as a clean stop
        return 130
    return 0


def _listener(port: int) -> socket.socket:
    """Bind to the loopback, before MiniStack is imported and reads the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {port} cannot be used ({error.strerror}): stop the program on it, or choose another with --port."
        ) from error
    return listener


def _run(settings: Settings, folder: StateFolder, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    outer = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment.clean(outer, folder, port))
    tempfile.tempdir = None  # it may be cached from the old environment
    from local.cloud import server  # noqa: PLC0415  # MiniStack reads the environment while it is imported

    for name in environment.READ_ONCE:
        del os.environ[name]
    endpoint = f"http://127.0.0.1:{port}"
    cloud = server.assemble(settings, folder, environment.recognisers(outer, folder), endpoint)
    asyncio.run(cloud.run(listener, ready=lambda: _announce(settings, port)))


def _announce(settings: Settings, port: int) -> None:
    endpoint = f"http://127.0.0.1:{port}"
    print(
        f"The cloud is ready at {endpoint}. Its state folder is {settings.state}.\n"
        f"To use it with the AWS CLI, boto3 or the CDK:\n  {environment.exports(endpoint)}\n"
        f"To deploy the stacks to it, in another window: make cloud-stacks PORT={port}",
        flush=True,
    )
    if settings.ready_file:
        partial = settings.ready_file.with_name(settings.ready_file.name + ".half")
        partial.write_text(json.dumps({"pid": os.getpid(), "port": port, "endpoint": endpoint}))
        partial.replace(settings.ready_file)


if __name__ == "__main__":
    sys.exit(main())
