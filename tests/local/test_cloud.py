"""The cloud as a process: its callers, its functions' environment, its start and its end."""

import contextlib
import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from local.cloud import checkpoints
from local.cloud.cloud_process import ROOT, running
from local.cloud.errors import CannotStart
from local.recogniser.scripted import recording
from tests.medical_service import TABLE

SECRET = "albuterol for nobody but the patient"
LOOPBACK = "0100007F"  # 127.0.0.1 as the kernel writes it
LISTENING = "0A"
linux_only = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks processes up in /proc")


def get(cloud, path="/", **headers):
    request = urllib.request.Request(cloud.endpoint + path, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, dict(refused.headers), refused.read().decode()


def test_a_web_page_is_refused_with_a_sentence(cloud):
    status, headers, body = get(cloud, Origin="https://example.org")
    assert (status, body) == (403, "The local cloud refuses requests of web pages.")
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_a_foreign_host_name_is_refused(cloud):
    assert get(cloud, Host="example.org")[0] == 403


def test_the_cloud_cannot_be_reset_from_outside(cloud):
    assert get(cloud, "/_ministack/reset")[0] == 403
    assert get(cloud, "/_ministack/health")[0] == 200


def test_answers_to_programs_allow_no_other_origin(cloud):
    _status, headers, _body = get(cloud, "/_ministack/health")
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_a_caller_without_a_policy_is_refused(cloud):
    s3 = cloud.client("s3", **key_of(cloud, "nobody"))
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.list_buckets()


def key_of(cloud, name):
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


@linux_only
def test_the_cloud_has_one_socket_on_the_loopback_address_only(cloud):
    inodes = {inode for pid in family(cloud.pid) for inode in sockets_of(pid)}
    lines = [line.split() for table in ("tcp", "tcp6") for line in read(f"/proc/net/{table}").splitlines()[1:]]
    listening = [line[1] for line in lines if line[3] == LISTENING and line[9] in inodes]
    assert listening == [f"{LOOPBACK}:{int(cloud.endpoint.rsplit(':', 1)[1]):04X}"]


def family(pid):
    children = [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]
    return [pid, *(member for child in children for member in family(child))]


def sockets_of(pid):
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def read(path):
    return Path(path).read_text()


# --- functions ---


def function(cloud, name, code):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = cloud.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.14",
        Handler="index.handler",
        Role=role,
        Timeout=60,
        Code={"ZipFile": packed.getvalue()},
    )


def invoke(cloud, name, **how):
    answer = cloud.client("lambda").invoke(FunctionName=name, **how)["Payload"].read()
    return json.loads(answer or b"null")


def test_a_function_gets_nothing_from_the_starter_s_environment(tmp_path, monkeypatch):
    outer = {
        "CLINIC_PASSWORD": "outer-secret",
        "AWS_ACCESS_KEY_ID": "AKIAOUTER",
        "AWS_PROFILE": "outer-profile",
        "HTTPS_PROXY": "http://outer-proxy:1",
        "LOG_LEVEL": "outer-level",
    }
    for name, value in outer.items():
        monkeypatch.setenv(name, value)
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        function(
            cloud, "shows", "import os, sys\ndef handler(event, context): return [dict(os.environ), sys.executable]"
        )
        seen, interpreter = invoke(cloud, "shows")
    assert not [name for name, value in seen.items() if "outer" in value.lower()]
    assert "LOG_LEVEL" not in seen
    assert seen["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert Path(interpreter).parent == Path(sys.executable).parent
    assert Path(seen["HOME"]) == tmp_path / "state" / "home"


@linux_only
def test_a_clean_stop_leaves_no_process_and_no_temporary_file(tmp_path):
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        function(cloud, "quick", "def handler(event, context): return 1")
        function(cloud, "hangs", "import time\ndef handler(event, context): time.sleep(50)")
        assert invoke(cloud, "quick") == 1
        invoke(cloud, "hangs", InvocationType="Event")
        processes = family(cloud.pid)
        assert len(processes) >= 3
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]
    assert not list((tmp_path / "state" / "tmp").iterdir())


@linux_only
def test_the_cloud_ends_with_its_parent_program_even_if_that_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from local.cloud.cloud_process import running\n"
        "with running(state=Path(sys.argv[1]), engine='scripted') as cloud:\n"
        "    print(cloud.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "state")], cwd=ROOT, stdout=subprocess.PIPE
    ) as user:
        processes = family(int(user.stdout.readline()))
        user.send_signal(signal.SIGKILL)
    until(lambda: not [pid for pid in processes if Path(f"/proc/{pid}").exists()])


def until(done, *, patience=15.0):
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- starting ---


def test_a_port_in_use_is_reported_with_a_remedy(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} cannot be used .* choose another with --port"):
            start_and_stop(state=tmp_path / "state", port=port)


def test_a_state_folder_in_use_is_reported_with_a_remedy(tmp_path):
    with (
        running(state=tmp_path / "state", engine="scripted"),
        pytest.raises(CannotStart, match="Another cloud uses"),
    ):
        start_and_stop(state=tmp_path / "state")


def test_a_recogniser_that_cannot_load_is_reported(tmp_path):
    with pytest.raises(CannotStart, match="The recogniser cannot be loaded"):
        start_and_stop(state=tmp_path / "state", engine=f"whisper:{tmp_path}/nothing-here")


def start_and_stop(*, state, port=0, engine="scripted"):
    with running(state=state, port=port, engine=engine):
        pass


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ("del iam_actions.request_tag_context", "MiniStack has no ministack.core.iam_actions.request_tag_context"),
        ("iam_actions.request_tag_context = lambda request: {}", "has other parameters than the cloud needs"),
        ("workarounds.KNOWN = '1.0'", "the cloud needs 1.0"),
    ],
)
def test_an_unknown_version_of_ministack_is_refused_by_name(changed, sentence):
    program = (
        "from ministack.core import iam_actions; from local.cloud import workarounds\n"
        f"{changed}\n"
        "try: workarounds.apply()\n"
        "except workarounds.CannotStart as problem: print(problem)"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert sentence in said.stdout


# --- state ---


def test_a_killed_cloud_continues_with_its_state(tmp_path):
    """Objects and jobs up to the last one, and settings from some seconds before the kill."""
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        s3, transcribe = cloud.client("s3"), cloud.client("transcribe")
        s3.create_bucket(Bucket="clinic")
        s3.put_bucket_versioning(Bucket="clinic", VersioningConfiguration={"Status": "Enabled"})
        key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
        cloud.client("sqs").create_queue(QueueName="mail")
        s3.put_object(Bucket="clinic", Key="terms.txt", Body=TABLE.encode())
        words = {"VocabularyName": "words", "LanguageCode": "en-US", "VocabularyFileUri": "s3://clinic/terms.txt"}
        transcribe.create_medical_vocabulary(**words)
        until(lambda: transcribe.get_medical_vocabulary(VocabularyName="words")["VocabularyState"] == "READY")
        time.sleep(2 * checkpoints.EVERY)
        recordings = {"done": "0: All done.", "begun": "!slow 2\n0: Just begun."}
        for name, script in recordings.items():
            s3.upload_file(str(recording(script, tmp_path / name)), "clinic", f"{name}.wav")
            transcribe.start_medical_transcription_job(
                MedicalTranscriptionJobName=name,
                LanguageCode="en-US",
                Media={"MediaFileUri": f"s3://clinic/{name}.wav"},
                OutputBucketName="clinic",
                OutputKey=f"raw/{name}.json",
                OutputEncryptionKMSKeyId=key,
                Settings={"VocabularyName": "words"},
                Specialty="PRIMARYCARE",
                Type="DICTATION",
            )
            if name == "done":
                until(lambda: status(transcribe, "done") == "COMPLETED")
        os.kill(cloud.pid, signal.SIGKILL)
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        s3, transcribe = cloud.client("s3"), cloud.client("transcribe")
        assert url_of(cloud, "mail")
        assert status(transcribe, "done") == "COMPLETED"
        until(lambda: status(transcribe, "begun") == "COMPLETED")
        for name in recordings:
            head = s3.head_object(Bucket="clinic", Key=f"raw/{name}.json")
            assert head["SSEKMSKeyId"] == key
        versions = s3.list_object_versions(Bucket="clinic", Prefix="raw/begun")["Versions"]
        assert [version["IsLatest"] for version in versions] == [True]
        assert transcribe.get_medical_vocabulary(VocabularyName="words")["VocabularyState"] == "READY"


def start_slow_job(cloud):
    cloud.client("transcribe").start_medical_transcription_job(
        MedicalTranscriptionJobName="slow",
        LanguageCode="en-US",
        Media={"MediaFileUri": "s3://clinic/slow.wav"},
        OutputBucketName="clinic",
        OutputKey="raw/slow.json",
        Specialty="PRIMARYCARE",
        Type="DICTATION",
    )


@linux_only
def test_a_cloud_killed_during_a_recording_leaves_no_readable_and_no_temporary_file(tmp_path, monkeypatch):
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    with running(state=state, engine="scripted") as cloud:
        cloud.client("s3").create_bucket(Bucket="clinic")
        slow = recording(f"!slow 1.5\n0: {SECRET}.", tmp_path / "slow.wav")
        cloud.client("s3").upload_file(slow, "clinic", "slow.wav")
        start_slow_job(cloud)
        until(lambda: holding(SECRET, state / "tmp"))
        processes = family(cloud.pid)
        written = {path for pid in processes for path in open_for_writing(pid)}
        os.kill(cloud.pid, signal.SIGKILL)
        until(lambda: not [pid for pid in processes if alive(pid)])
    assert holding(SECRET, state / "tmp")  # it was killed while it processed the recording
    assert written
    assert not [path for path in written if not path.is_relative_to(state)]
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert not holding(SECRET, elsewhere)
    with running(state=state, engine="scripted") as cloud:
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        until(lambda: status(cloud.client("transcribe"), "slow") == "COMPLETED")
        assert holding(SECRET, state / "objects")
        until(lambda: not holding(SECRET, state / "tmp"))
    assert not list((state / "tmp").iterdir())
    assert not holding(SECRET, elsewhere)


def holding(text, folder):
    """Whether any file in a folder contains a text. Deleted files contain nothing."""
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            if text.encode() in path.read_bytes():
                return True
    return False


def open_for_writing(pid):
    """The files that a process has open for writing, without pipes, sockets, devices and unnamed files."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            flags = int(re.search(r"flags:\s*(\d+)", read(f"/proc/{pid}/fdinfo/{link.name}"))[1], 8)
            target = link.readlink()
            if flags & os.O_ACCMODE and target.is_file():
                yield target


def alive(pid):
    """Whether a process runs. An ended process without a waiting parent does not."""
    try:
        return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_objects_messages_and_jobs_survive_a_restart(tmp_path):
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="clinic")
        s3.upload_file(recording("!slow 1\n0: still here.", tmp_path / "slow.wav"), "clinic", "slow.wav")
        cloud.client("sqs").create_queue(QueueName="mail")
        cloud.client("sqs").send_message(QueueUrl=url_of(cloud, "mail"), MessageBody="hello")
        start_slow_job(cloud)
    with running(state=tmp_path / "state", engine="scripted") as cloud:
        assert cloud.client("s3").head_object(Bucket="clinic", Key="slow.wav")
        [message] = cloud.client("sqs").receive_message(QueueUrl=url_of(cloud, "mail"))["Messages"]
        assert message["Body"] == "hello"
        transcribe = cloud.client("transcribe")
        until(lambda: status(transcribe, "slow") == "COMPLETED")
    assert os.listdir(tmp_path / "state" / "tmp") == []  # noqa: PTH208  # a plain comparison


@linux_only
@pytest.mark.parametrize(("deaths", "outcome"), [(1, "COMPLETED"), (2, "FAILED")])
def test_a_recording_during_a_crash_of_the_recogniser_is_tried_once_more(tmp_path, cloud, deaths, outcome):
    bucket, name = f"deaths-{deaths}", f"deaths-{deaths}"
    cloud.client("s3").create_bucket(Bucket=bucket)
    cloud.client("s3").upload_file(recording("!slow 1\n0: again.", tmp_path / "slow.wav"), bucket, "slow.wav")
    transcribe = cloud.client("transcribe")
    transcribe.start_medical_transcription_job(
        MedicalTranscriptionJobName=name,
        LanguageCode="en-US",
        Media={"MediaFileUri": f"s3://{bucket}/slow.wav"},
        OutputBucketName=bucket,
        Specialty="PRIMARYCARE",
        Type="DICTATION",
    )
    killed = set()
    for _death in range(deaths):
        until(lambda: recogniser_of(cloud) not in {None, *killed})
        victim = recogniser_of(cloud)
        time.sleep(0.6)  # by then it is ready, and in the middle of the recording
        os.kill(victim, signal.SIGKILL)
        killed.add(victim)
    until(lambda: status(transcribe, name) != "IN_PROGRESS")
    assert status(transcribe, name) == outcome


def recogniser_of(cloud):
    for pid in family(cloud.pid)[1:]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if "local.recogniser" in read(f"/proc/{pid}/cmdline"):
                return pid
    return None


def url_of(cloud, queue):
    return cloud.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]


def status(transcribe, name):
    job = transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)
    return job["MedicalTranscriptionJob"]["TranscriptionJobStatus"]


def test_the_stacks_are_not_deployed_without_a_cloud():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = str(unused.getsockname()[1])
    command = [sys.executable, "-m", "local.deploy", "--port", port]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr == f"No cloud answers at http://127.0.0.1:{port}: start it with `make cloud` in another window.\n"
    )
