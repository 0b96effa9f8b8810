"""An operator who cancels and erases with the real commands, and repeats interrupted ones."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from operations import cancellation
from operations.cancellation import Cancelled
from operations.deployment import Deployment
from operations.erasure import Eraser
from operations.errors import NotFound, Refused
from operations.recordings import Recording
from stethoscript import jobs
from stethoscript.uploads import Upload
from tests.client_errors import refusal
from tests.simulation import lambda_runtime
from tests.simulation.fault_injection import HOUR, MINUTE
from tests.simulation.lambda_runtime import Function, FunctionCrash, Invocation
from tests.simulation.simulated_deployment import INTAKE, NAME, TOPIC, TRANSCRIPTS, WORK, World

OUTPUTS = {
    "IntakeBucketName": INTAKE, "WorkBucketName": WORK, "TranscriptsBucketName": TRANSCRIPTS,
    "LedgerTableName": "ledger", "CompletionTopicArn": TOPIC,
}  # fmt: skip
_NOT_OURS = ("sts", "logs")
_LASTS = 48 * HOUR
_AGAIN = 5 * MINUTE


class Denied:
    """A service that denies this operator every call."""

    def __getattr__(self, call: str) -> Callable[..., Any]:
        def denied(**_asked: Any) -> Any:
            raise refusal("AccessDenied", status=403)

        return denied


@dataclass(eq=False)
class Operator:
    """Repeats each command until it is done. `busy` is the number of open commands."""

    world: World
    busy: int = 0

    def cancel(self, upload: Upload, answered: Callable[[Cancelled | None], None]) -> None:
        """Cancel a recording. The answer is None if that is refused."""

        def once(deployment: Deployment, invocation: Invocation) -> None:
            try:
                done = cancellation.cancel(deployment, self._recording(upload), invocation.now())
            except Refused as refused:
                if "run `cancel` again" in str(refused):
                    raise
                answered(None)
            else:
                answered(done)

        self._begin(once)

    def erase(self, upload: Upload) -> None:
        """Erase a recording."""

        def once(deployment: Deployment, invocation: Invocation) -> None:
            with suppress(NotFound):
                Eraser(deployment, now=invocation.now, pause=invocation.sleep).erase(self._recording(upload))

        self._begin(once)

    def _begin(self, once: Callable[[Deployment, Invocation], None]) -> None:
        self.busy += 1
        self.world.time.start(lambda: self._try(once))

    def _try(self, once: Callable[[Deployment, Invocation], None]) -> None:
        deployment = Deployment(NAME, OUTPUTS, self._client)
        function = Function("operator", lambda _event, invocation: once(deployment, invocation), _LASTS)
        try:
            lambda_runtime.run(self.world, Invocation(self.world, function, []), {})
        except (FunctionCrash, Exception):  # noqa: BLE001 - whatever it failed of, people repeat the command
            self.world.time.after(_AGAIN, lambda: self.world.time.start(lambda: self._try(once)))
        else:
            self.busy -= 1

    def _client(self, service: str) -> Any:
        return Denied() if service in _NOT_OURS else self.world.client(service)

    def _recording(self, upload: Upload) -> Recording:
        name = jobs.recording(NAME, upload)
        row = Deployment(NAME, OUTPUTS, self._client).ledger.find(name)
        return Recording(name, row.upload if row else upload, row, None)
