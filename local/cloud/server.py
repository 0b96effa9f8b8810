"""Serving: the listener, the guard, MiniStack with Transcribe Medical in it, and an end that comes in time.

Import this only in the cloud's own environment: MiniStack reads it while it is imported.
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
from local.transcribe_medical import ministack_service
from local.transcribe_medical.fault_injection import FaultInjection
from local.transcribe_medical.job_store import JobStore
from local.transcribe_medical.recogniser import NotReady, Recogniser
from local.transcribe_medical.service import Service

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 8.0  # seconds after which the state is saved and the process leaves, whatever still runs
REQUEST_SECONDS = 1.5  # seconds for requests that are being answered when the end comes


def assemble(
    settings: Settings, folder: StateFolder, recognisers_environment: Mapping[str, str], endpoint: str
) -> "Cloud":
    """Put Transcribe Medical into MiniStack, and mend what the pipeline needs of it; raises CannotStart."""
    command = [sys.executable, "-m", "local.cloud.parent_process", "local.recogniser", "--engine", settings.engine]
    recogniser = Recogniser(command, folder=str(ROOT), environment=recognisers_environment)
    service = Service(
        ministack_service.MiniStack(endpoint),
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
    rpc_cbor.install()  # the last: all else sees JSON
    signer = Signer()
    sns_signatures.install(signer)
    email_files.install(folder.mail)
    return Cloud(folder, recogniser, service, signer)


@dataclass(frozen=True)
class Cloud:
    """The cloud, ready to be run once."""

    folder: StateFolder
    recogniser: Recogniser
    service: Service
    signer: Signer

    async def run(self, listener: socket.socket, *, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; call `ready` once requests are answered and the recogniser hears."""
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
                await serving  # MiniStack saves its state before it is done
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
        """See to it that the process ends: a function that waits for an answer would keep it for up to an hour."""
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
    config.bind = [f"fd://{listener.detach()}"]  # it is Hypercorn's to close
    config.keep_alive_timeout = 75  # longer than boto3 keeps an idle connection
    config.graceful_timeout = REQUEST_SECONDS
    config.shutdown_timeout = REQUEST_SECONDS
    config.accesslog = None  # paths hold object keys, and keys patients' names
    config.errorlog = None
    return config


async def _answering(port: int, serving: asyncio.Task[Any]) -> None:
    """Wait until the listener answers; MiniStack loads its state before it does."""
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
