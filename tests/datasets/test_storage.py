from pathlib import Path

import pytest

from fusebench.datasets.storage import (
    CACHE_VARIABLE,
    DATA_VARIABLE,
    atomic_path,
    cache_folder,
    find_data,
    hash_files,
    read_data,
)
from fusebench.errors import DataNotFoundError, FusebenchError


def test_the_option_goes_before_the_environment(tmp_path, monkeypatch):
    (tmp_path / "environment" / "mnist").mkdir(parents=True)
    (tmp_path / "option" / "mnist").mkdir(parents=True)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "environment"))
    assert find_data("mnist", data_dir=None, source="x") == tmp_path / "environment" / "mnist"
    assert find_data("mnist", data_dir=tmp_path / "option", source="x") == tmp_path / "option" / "mnist"


@pytest.mark.parametrize("environment", [None, "", "elsewhere"])
def test_the_message_for_missing_data_says_what_to_do(monkeypatch, environment):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    if environment is not None:
        monkeypatch.setenv(DATA_VARIABLE, environment)
    with pytest.raises(DataNotFoundError) as caught:
        find_data("mnist/labels.gz", data_dir=None, source="https://example.org")
    for part in ("mnist/labels.gz", "--data-dir", DATA_VARIABLE, "https://example.org", environment or ""):
        assert part in str(caught.value)


def test_the_cache_folder_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "a" / "b"))
    assert cache_folder() == tmp_path / "a" / "b"
    assert cache_folder().is_dir()


def test_a_cache_folder_that_cannot_be_made_is_a_message(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "folder"))
    with pytest.raises(FusebenchError, match=CACHE_VARIABLE):
        cache_folder()


def test_the_default_cache_folder_belongs_to_the_user(tmp_path, monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    assert cache_folder() == tmp_path / "fusebench"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def write_half_and_fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        write_half_and_fail(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_replaces_the_old_one(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_content_that_cannot_be_read_is_a_message(tmp_path):
    (tmp_path / "n.txt").write_text("no number")
    with pytest.raises(FusebenchError) as caught:
        read_data(
            "n.txt", lambda path: int(path.read_text()), data_dir=tmp_path, source="https://example.org"
        )
    for part in ("n.txt", "no number", "https://example.org", "--data-dir", DATA_VARIABLE):
        assert part in str(caught.value)


def test_a_folder_where_a_file_should_be_is_a_message(tmp_path):
    (tmp_path / "n.txt").mkdir()
    with pytest.raises(FusebenchError, match="cannot be read"):
        read_data("n.txt", Path.read_text, data_dir=tmp_path, source="x")


def test_the_hash_of_files_depends_on_names_and_content_alone(tmp_path):
    def hash_of(folder, **files):
        (tmp_path / folder).mkdir()
        paths = [tmp_path / folder / name for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_text(content)
        return hash_files(paths)

    first = hash_of("1", a="x", b="y")
    assert hash_of("2", b="y", a="x") == first
    assert len({first, hash_of("3", a="y", b="x"), hash_of("4", a="x"), hash_of("5", a="x", c="y")}) == 4
