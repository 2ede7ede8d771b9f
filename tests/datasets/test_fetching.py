"""Downloads, from a server on this machine that breaks off, changes its files and gives wrong ones."""

import io
import threading
import zipfile
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from scipy.io import savemat

from fusebench.datasets.fetching import Download, fetch_dataset
from fusebench.datasets.registry import datasets, load_dataset
from fusebench.datasets.storage import DATA_VARIABLE
from fusebench.errors import DataNotFoundError, FusebenchError

CONTENT = np.random.default_rng(0).bytes(300_000)


class Server(ThreadingHTTPServer):
    """What it serves, how, and what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"/file.bin": CONTENT}
        self.break_after = None  # bytes of one answer
        self.takes_ranges = True
        self.tag = '"first"'
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, first = self.server, 0
        server.asked.append(self.headers.get("Range"))
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        if wanted and server.takes_ranges and self.headers.get("If-Range") == server.tag:
            first = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if first >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        if server.tag:
            self.send_header("ETag", server.tag)
        self.end_headers()
        stop, server.break_after = server.break_after, None
        self.wfile.write(content[first : None if stop is None else first + stop])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def make(server, folder, *, path="files/file.bin", name="file.bin", digest=None, unpack=None):
    class Fetched(datasets["wikipedia"]):
        name = "fetched"
        downloads = (Download(f"{server.url}/{name}", path, digest, unpack),)

    Fetched.downloads = (Download(f"{server.url}/{name}", path, digest, unpack),)
    dataset = Fetched()
    dataset.data_dir = folder
    return dataset


def left_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("digest", [None, sha256(CONTENT).hexdigest()])
def test_a_file_is_fetched_once(server, tmp_path, digest):
    dataset = make(server, tmp_path, digest=digest)
    told = []
    assert fetch_dataset(dataset, lambda *report: told.append(report)) == [tmp_path / "files" / "file.bin"]
    assert (tmp_path / "files" / "file.bin").read_bytes() == CONTENT
    assert fetch_dataset(dataset) == []
    assert server.asked == [None]
    assert left_in(tmp_path) == ["files/file.bin"]
    assert told[-1] == (f"{server.url}/file.bin", len(CONTENT), len(CONTENT))
    assert [have for _, have, _ in told] == sorted({have for _, have, _ in told})


def test_a_wrong_checksum_is_a_message_and_leaves_nothing(server, tmp_path):
    with pytest.raises(FusebenchError, match=r"file\.bin could not be fetched \(SHA256 hash"):
        fetch_dataset(make(server, tmp_path, digest="0" * 64))
    assert left_in(tmp_path) == []


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    dataset = make(server, tmp_path, digest=sha256(CONTENT).hexdigest())
    server.break_after = 200_000
    with pytest.raises(FusebenchError, match="Repeat the command"):
        fetch_dataset(dataset)
    assert not (tmp_path / "files" / "file.bin").exists()
    arrived = (tmp_path / "files" / ".file.bin.part").stat().st_size
    assert 100_000 < arrived <= 200_000
    fetch_dataset(dataset)
    assert server.asked == [None, f"bytes={arrived}-"]
    assert left_in(tmp_path) == ["files/file.bin"]


@pytest.mark.parametrize("change", ["tag", "takes_ranges", "weak"])
def test_another_file_or_server_begins_again(server, tmp_path, change):
    """Half of an old file and half of a new one is neither."""
    dataset = make(server, tmp_path)
    server.break_after = 200_000
    if change == "weak":
        server.tag = 'W/"first"'
    with pytest.raises(FusebenchError):
        fetch_dataset(dataset)
    server.files["/file.bin"] = CONTENT[::-1]
    if change == "tag":
        server.tag = '"second"'
    elif change == "takes_ranges":
        server.takes_ranges = False
    fetch_dataset(dataset)
    assert (tmp_path / "files" / "file.bin").read_bytes() == CONTENT[::-1]


def test_a_file_that_became_shorter_begins_again(server, tmp_path):
    dataset = make(server, tmp_path)
    server.break_after = 200_000
    with pytest.raises(FusebenchError):
        fetch_dataset(dataset)
    server.files["/file.bin"] = CONTENT[:1000]
    with pytest.raises(FusebenchError, match="416"):
        fetch_dataset(dataset)
    fetch_dataset(dataset)
    assert (tmp_path / "files" / "file.bin").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("url", ["missing.bin", None])
def test_a_server_that_fails_is_a_message(server, tmp_path, url):
    dataset = make(server, tmp_path, name=url or "file.bin")
    if url is None:
        type(dataset).downloads = (Download("http://127.0.0.1:1/file.bin", "files/file.bin"),)
    with pytest.raises(FusebenchError, match="could not be fetched"):
        fetch_dataset(dataset)
    assert left_in(tmp_path) == []


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_an_archive_is_unpacked(server, tmp_path):
    server.files["/a.zip"] = zipped({"set-1/audio/x.wav": "sound", "set-1/README": "text"})
    dataset = make(server, tmp_path, name="a.zip", path="files/audio", unpack="*/audio")
    assert fetch_dataset(dataset) == [tmp_path / "files" / "audio"]
    assert left_in(tmp_path) == ["files/audio/x.wav"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"set-1/../../../evil": "x"}, "leads outside of the folder"),
        ({"set-1/README": "x"}, "holds no 'audio'"),
    ],
)
def test_wrong_archives_are_a_message(server, tmp_path, files, reason):
    server.files["/a.zip"] = zipped(files)
    with pytest.raises(FusebenchError, match=reason):
        fetch_dataset(make(server, tmp_path, name="a.zip", path="files/audio", unpack="*/audio"))
    assert left_in(tmp_path) == []


def test_fetched_files_are_those_that_the_data_set_reads(server, tmp_path):
    cells = np.empty((2, 1), object)
    cells[0, 0], cells[1, 0] = np.ones((2200, 128)), np.ones((2200, 10))
    file = io.BytesIO()
    savemat(file, {"X": cells, "y": np.arange(2200)[:, None] % 10 + 1}, do_compression=True)
    server.files["/Wikipedia.mat"] = file.getvalue()
    path = datasets["wikipedia"].downloads[0].path
    dataset = make(server, tmp_path, name="Wikipedia.mat", path=path)
    fetch_dataset(dataset)
    assert len(dataset.load().test) == 2200 - 2173


def test_data_sets_without_files_or_without_leave_are_a_message(tmp_path):
    with pytest.raises(FusebenchError, match="needs no files"):
        fetch_dataset(load_dataset("synth-xor"))
    with pytest.raises(FusebenchError, match=r"form must be filled.*in the folder hateful-memes"):
        fetch_dataset(load_dataset("hateful-memes", data_dir=tmp_path))


def test_a_data_folder_must_be_named(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(DataNotFoundError, match="--data-dir or FUSEBENCH_DATA"):
        fetch_dataset(load_dataset("wikipedia"))


@pytest.mark.parametrize("name", [name for name, cls in datasets.items() if not cls().card.embedded])
def test_every_data_set_says_where_its_files_come_from_and_where_they_go(name):
    dataset = load_dataset(name)
    assert "folder" in dataset.card.source or "fsdd/recordings" in dataset.card.source
    for download in dataset.downloads:
        assert download.url.startswith("https://")
        assert download.sha256 is None or len(download.sha256) == 64
        assert not download.path.startswith("/")
    assert len({download.path for download in dataset.downloads}) == len(dataset.downloads)


def test_the_command_fetches_and_says_what(server, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from fusebench.bench.cli import app

    monkeypatch.setattr(
        datasets["wikipedia"], "downloads", (Download(f"{server.url}/file.bin", "wikipedia/file.bin"),)
    )
    first, again = (
        CliRunner().invoke(app, ["fetch", "wikipedia", "--data-dir", str(tmp_path)]) for _ in range(2)
    )
    assert first.exit_code == again.exit_code == 0
    assert str(tmp_path / "wikipedia" / "file.bin") in first.output.replace("\n", "")
    assert "All files are there." in again.output
