"""The server: the listener, the request guard, MiniStack with Transcribe Medical, and a stop within 8 s.

Import this only in the cloud's own environment, because MiniStack reads it while it is imported.
"""

# ruff: noqa: SLF001  # MiniStack has no public interface but AWS's own
# mypy: disable-error-code="no-untyped-call"

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ministack.app
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.core import hypercorn_compat, lambda_runtime, persistence

from local.cloud import (
    email_files,
    permission_log,
    request_log,
    rpc_cbor,
    sns_signatures,
    state_folder,
    vocabulary_resource,
    workarounds,
)
from local.cloud.checkpoints import Checkpoints
from local.cloud.errors import CannotStart
from local.cloud.request_guard import guarded
from local.cloud.settings import Settings
from local.cloud.sns_signatures import Signer
from local.cloud.state_folder import StateFolder
from local.transcribe_medical import ministack_port, ministack_service
from local.transcribe_medical.fault_injection import FaultInjection
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.recogniser import NotReady, Recogniser
from local.transcribe_medical.service import Service

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 8.0  # then the state is saved and the process exits, even if a function still runs
REQUEST_SECONDS = 1.5  # for running requests after the signal to stop


def assemble(
    settings: Settings, folder: StateFolder, recognisers_environment: Mapping[str, str], endpoint: str
) -> "Cloud":
    """Install Transcribe Medical and all workarounds in MiniStack.

    Raises:
        CannotStart: MiniStack differs from the known version.
    """
    command = [sys.executable, "-m", "local.cloud.parent_process", "local.recogniser", "--engine", settings.engine]
    recogniser = Recogniser(command, folder=str(ROOT), environment=recognisers_environment)
    service = Service(
        ministack_port.MiniStack(endpoint),
        recogniser,
        temporary=folder.temporary,
        store=JobStore(folder.jobs),
        faults=FaultInjection(settings.faults),
        events_per_job=settings.events_per_job,
    )
    workarounds.apply()
    ministack_service.install(service)
    vocabulary_resource.install(service)
    if settings.calls:
        permission_log.install(settings.calls)
    if settings.requests:
        request_log.install(settings.requests)
    rpc_cbor.install()  # the last, so that all others get JSON
    signer = Signer()
    sns_signatures.install(signer)
    email_files.install(folder.mail)
    return Cloud(folder, recogniser, service, signer)


@dataclass(frozen=True)
class Cloud:
    """An assembled cloud, which can run once."""

    folder: StateFolder
    recogniser: Recogniser
    service: Service
    signer: Signer

    async def run(self, listener: socket.socket, *, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT. Call `ready` once the server answers and the recogniser is loaded."""
        port = listener.getsockname()[1]
        stop = self._stop_on_signals()
        state_folder.mark_unsaved(self.folder)
        checkpoints = Checkpoints(_save)
        inside = self.signer.serving_certificate(ministack_service.downloads(ministack.app.app, self.service))
        app: Any = guarded(checkpoints.tracking(inside))
        serving = asyncio.create_task(serve(app, _config(listener), shutdown_trigger=stop.wait))
        saving = asyncio.create_task(checkpoints.run())
        try:
            await self.recogniser.start()
            await _answering(port, serving)
            self.service.resume()
            if not stop.is_set():
                ready()
            await serving
        except NotReady as reason:
            raise CannotStart(f"The recogniser cannot be loaded: {reason}") from reason
        finally:
            stop.set()
            saving.cancel()
            self.service.pause()
            await self.recogniser.stop()
            with contextlib.suppress(Exception):
                await serving  # MiniStack saves its state at its end
                state_folder.mark_saved(self.folder)
            await asyncio.to_thread(lambda_runtime.reset)

    def _stop_on_signals(self) -> asyncio.Event:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            if not stop.is_set():
                self._exit_in_time()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        return stop

    def _exit_in_time(self) -> None:
        """Start a timer that ends the process, because a waiting function could block it for up to an hour."""
        timer = threading.Timer(STOP_SECONDS, self._exit)
        timer.daemon = True
        timer.start()

    def _exit(self) -> None:
        with contextlib.suppress(Exception):
            _save()
            state_folder.mark_saved(self.folder)
        with contextlib.suppress(Exception):
            lambda_runtime.reset()
        state_folder.remove_temporary(self.folder)
        os._exit(0)


def _save() -> None:
    persistence.save_all(ministack.app._build_persistence_save_dict())


def _config(listener: socket.socket) -> Config:
    hypercorn_compat.install()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # Hypercorn closes it
    config.keep_alive_timeout = 75  # longer than boto3's idle connections last
    config.graceful_timeout = REQUEST_SECONDS
    config.shutdown_timeout = REQUEST_SECONDS
    config.accesslog = None  # paths contain object keys, which may contain patients' names
    config.errorlog = None
    return config


async def _answering(port: int, serving: asyncio.Task[Any]) -> None:
    """Wait until the server answers, which is after MiniStack has loaded its state."""
    request = b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    while not serving.done():
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            answered = b" 200 " in await reader.readline()
            writer.close()
            if answered:
                return
        await asyncio.sleep(0.02)
