import os
import stat

import pytest

from local.cloud import environment, state_folder
from local.cloud.errors import CannotStart
from local.cloud.settings import Settings


def test_only_the_owner_can_read_the_state_folder(tmp_path):
    with state_folder.held(tmp_path / "cloud", fresh=False) as folder:
        for path in (folder.path, folder.services, folder.objects, folder.mail, folder.temporary, folder.home):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_the_state_outlives_a_run_and_temporary_files_do_not(tmp_path):
    with state_folder.held(tmp_path / "cloud", fresh=False) as folder:
        (folder.objects / "a").touch()
        (folder.temporary / "b").touch()
    assert not list(folder.temporary.iterdir())
    with state_folder.held(tmp_path / "cloud", fresh=False):
        assert [path.name for path in folder.objects.iterdir()] == ["a"]


def test_a_fresh_start_deletes_the_state(tmp_path):
    with state_folder.held(tmp_path / "cloud", fresh=False) as folder:
        (folder.objects / "a").touch()
    with state_folder.held(tmp_path / "cloud", fresh=True):
        assert not list(folder.objects.iterdir())


def test_the_state_of_a_killed_run_is_used_with_a_warning(tmp_path, capsys):
    with state_folder.held(tmp_path / "cloud", fresh=False) as folder:
        state_folder.mark_unsaved(folder)
        (folder.objects / "a").touch()
    with state_folder.held(tmp_path / "cloud", fresh=False) as folder:
        assert (folder.objects / "a").exists()
    assert "other changes may be missing. --fresh deletes the state." in capsys.readouterr().err
    with state_folder.held(tmp_path / "cloud", fresh=False):
        assert capsys.readouterr().err == ""


def test_two_clouds_cannot_share_a_state_folder(tmp_path):
    with (
        state_folder.held(tmp_path / "cloud", fresh=False),
        pytest.raises(CannotStart, match="Another cloud uses"),
        state_folder.held(tmp_path / "cloud", fresh=True),
    ):
        pass


def test_a_linked_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(CannotStart, match="is a link"), state_folder.held(tmp_path / "link", fresh=False):
        pass


def test_a_folder_with_other_files_is_never_used_as_state(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(CannotStart, match="other files than a cloud's"), state_folder.held(tmp_path, fresh=True):
        pass
    assert (tmp_path / "thesis.txt").exists()


def test_a_folder_of_another_user_is_refused(tmp_path):
    (tmp_path / "cloud").mkdir()
    other = os.getuid() + 1
    try:
        os.chown(tmp_path / "cloud", other, -1)
    except PermissionError:
        pytest.skip("only root can give a folder away")
    with (
        pytest.raises(CannotStart, match="belongs to another user"),
        state_folder.held(tmp_path / "cloud", fresh=False),
    ):
        pass


def test_the_error_names_a_folder_that_cannot_be_created(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(CannotStart, match="cannot be created"),
        state_folder.held(tmp_path / "file" / "cloud", fresh=False),
    ):
        pass


OUTER = {
    "PATH": "/usr/bin",
    "HOME": "/home/anna",
    "AWS_PROFILE": "clinic",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "HTTPS_PROXY": "http://proxy:3128",
    "PYTHONPATH": "/elsewhere",
    "OMP_NUM_THREADS": "1",
}


def test_the_functions_inherit_only_the_path_from_the_environment(tmp_path):
    inner = environment.clean(OUTER, state_folder.StateFolder(tmp_path), 4566)
    assert inner["PATH"] == "/usr/bin"
    assert {name for name in OUTER if inner.get(name) == OUTER[name]} == {"PATH"}
    assert {name for name in inner if name.startswith("AWS_")} == {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    assert inner["AUTH"] == "true"
    assert inner["GATEWAY_PORT"] == "4566"


def test_the_recogniser_finds_its_models_and_no_credentials(tmp_path):
    seen = environment.recognisers(OUTER, state_folder.StateFolder(tmp_path))
    assert seen["HOME"] == "/home/anna"
    assert not any(name.startswith("AWS_") or name.endswith("PROXY") for name in seen)


def test_the_command_line_has_usable_defaults():
    settings = Settings.read([])
    assert (settings.port, settings.engine, settings.completion_events) == (4566, "whisper", "off")
    assert settings.state.is_absolute()


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port", "x"], ["--completion-events", "often"]])
def test_the_error_names_a_wrong_argument(arguments, capsys):
    with pytest.raises(SystemExit):
        Settings.read(arguments)
    assert arguments[0] in capsys.readouterr().err
