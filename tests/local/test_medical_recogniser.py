"""The recogniser's process in the service: several recordings at once, and a crash."""

import asyncio
import sys

import pytest

from local.recogniser import RecognitionRequest
from local.transcribe_medical.recogniser import NotReady, Recogniser, RecognitionFailed

# A recogniser whose answer is in the recording's name: a delay, or a crash.
WORKER = """
import json, os, sys, threading, time
def say(**answer):
    sys.stdout.write(json.dumps(answer) + "\\n"); sys.stdout.flush()
def hear(order):
    what, _, seconds = order["audio"].partition(" ")
    time.sleep(float(seconds or 0))
    if what == "kills":
        os._exit(9)
    if what == "unusable":
        say(id=order["id"], failed="Unsupported media format.")
    say(id=order["id"], progress=0.5)
    print("a library says hello", flush=True)
    say(id=order["id"], result={"format": "wav", "sample_rate": 16000, "seconds": 1, "channels": 1, "words": [],
        "took": order})
say(ready=True)
for line in sys.stdin:
    threading.Thread(target=hear, args=(json.loads(line),), daemon=True).start()
"""


def recogniser_process(script=WORKER, **how):
    return Recogniser([sys.executable, "-c", script], folder=".", environment={}, **how)


def request(audio):
    return RecognitionRequest(audio, channels=False, max_speakers=0, format=None, sample_rate=None)


def recognised(recogniser, *recordings):
    """Recognise all of them at once, and return each outcome."""

    async def all_at_once():
        try:
            return await asyncio.gather(
                *(recogniser.recognise(request(each)) for each in recordings), return_exceptions=True
            )
        finally:
            await recogniser.stop()

    return asyncio.run(all_at_once())


def test_a_short_recording_does_not_wait_for_a_long_one():
    recogniser = recogniser_process()

    async def short_after_long():
        long = asyncio.create_task(recogniser.recognise(request("fine 5")))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(recogniser.recognise(request("fine 0")), 3)
        still_long = not long.done()
        long.cancel()
        await recogniser.stop()
        return still_long

    assert asyncio.run(short_after_long())


def test_a_recording_that_crashes_the_recogniser_fails_and_the_others_succeed():
    outcomes = recognised(recogniser_process(), "fine 0.3", "kills 0.1", "fine 0.4", "unusable 0")
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "RecognitionResult",
        "RecognitionFailed",
        "RecognitionResult",
        "RecognitionFailed",
    ]
    assert str(outcomes[1]) == "The recogniser ended 2 times while it worked on this recording."
    assert str(outcomes[3]) == "Unsupported media format."


def test_the_number_of_concurrent_recordings_is_limited():
    recogniser = recogniser_process(concurrent_requests=2)

    async def five():
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(recogniser.recognise(request("fine 0.2")) for _each in range(5)))
        await recogniser.stop()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(five()) > 0.6


def test_two_hundred_recordings_are_all_answered():
    assert {type(outcome).__name__ for outcome in recognised(recogniser_process(), *["fine 0"] * 200)} == {
        "RecognitionResult"
    }


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ('print(\'{"ready": false, "problem": "no weights"}\', flush=True)', "no weights"),
        ("raise SystemExit(1)", "it ended at once"),
    ],
)
def test_a_recogniser_that_does_not_start_reports_the_reason(script, problem):
    async def starting():
        recogniser = recogniser_process(script)
        with pytest.raises(NotReady, match=problem):
            await recogniser.start()
        with pytest.raises(RecognitionFailed, match=problem):
            await recogniser.recognise(request("fine"))

    asyncio.run(starting())
