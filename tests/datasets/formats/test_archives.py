import io
import tarfile
import zipfile

import pytest

from fusebench.datasets.formats.archives import unpack_archive

FILES = {
    "set-1.0/README": b"text",
    "set-1.0/audio/a.wav": b"sound",
    "set-1.0/audio/b/c.wav": b"other sound",
    "set-1.0/audio2/d.wav": b"",
}


def write_zip(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("set-1.0/", b"")
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path, files=FILES, mode="w:gz", **attributes):
    with tarfile.open(path, mode) as archive:
        folder = tarfile.TarInfo("set-1.0")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for key, value in attributes.items():
                setattr(entry, key, value)
            archive.addfile(entry, io.BytesIO(content))
    return path


def found(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


@pytest.mark.parametrize(("write", "name"), [(write_zip, "a.zip"), (write_tar, "a.tar.gz")])
@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", FILES),
        ("set-1.0", FILES),
        ("*/audio", {"audio/a.wav": b"sound", "audio/b/c.wav": b"other sound"}),
        ("set-1.0/audio/b", {"b/c.wav": b"other sound"}),
        ("set-2.0/audio", {}),
    ],
)
def test_the_wanted_folder_is_unpacked(tmp_path, folder, write, name, inside, expected):
    unpack_archive(write(tmp_path / name), folder, inside)
    assert found(folder) == expected


def test_files_that_are_there_are_replaced_and_others_stay(tmp_path, folder):
    (folder / "audio").mkdir()
    (folder / "audio" / "a.wav").write_bytes(b"old")
    (folder / "audio" / "z.wav").write_bytes(b"mine")
    unpack_archive(write_zip(tmp_path / "a.zip"), folder, "*/audio")
    assert found(folder) == {"audio/a.wav": b"sound", "audio/b/c.wav": b"other sound", "audio/z.wav": b"mine"}


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\\..\\..\\evil", "C:/evil"])
@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_paths_out_of_the_folder_are_refused(tmp_path, folder, write, name):
    with pytest.raises(ValueError, match="leads outside of the folder"):
        unpack_archive(write(tmp_path / "archive", {**FILES, name: b"evil"}), folder)
    assert not found(folder)
    assert not list(tmp_path.parent.glob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, folder, kind):
    archive = write_tar(tmp_path / "a.tar", {"link": b""}, type=kind, linkname="/etc/passwd")
    with pytest.raises(ValueError, match="is a link or a device"):
        unpack_archive(archive, folder)
    assert not found(folder)


def test_a_link_in_a_zip_is_a_file_of_its_target(tmp_path, folder):
    """So that nothing is written through it."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc")
    unpack_archive(tmp_path / "a.zip", folder)
    assert not (folder / "link").is_symlink()


@pytest.mark.parametrize("content", [b"", b"plain text", b"PK\x03\x04 and no more"])
def test_what_is_no_archive_is_named(tmp_path, folder, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match="not a whole archive"):
        unpack_archive(tmp_path / "a", folder)


@pytest.mark.parametrize(("write", "name"), [(write_zip, "a.zip"), (write_tar, "a.tar.gz")])
def test_damage_leaves_nothing_behind(tmp_path, folder, write, name):
    path = write(tmp_path / name, {"a": b"first", "b": bytes(range(256)) * 400})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="not a whole archive"):
        unpack_archive(path, folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_BYTES"])
def test_vast_archives_are_refused(tmp_path, folder, monkeypatch, limit):
    monkeypatch.setattr(f"fusebench.datasets.formats.archives.{limit}", 3)
    with pytest.raises(ValueError, match="holds more than"):
        unpack_archive(write_zip(tmp_path / "a.zip"), folder)
    assert not found(folder)
