"""The index of finished cells: it saves reading, and never loses or invents a result."""

import os
from hashlib import sha256
from time import time_ns
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.bench.store.cells import CellResult, DamagedCellError, Store
from fusebench.bench.store.index import INDEX, Finished, Index, find_todo

CELLS = [
    SimpleNamespace(dataset="d", fusion=f"f{seed % 2}", seed=seed, key=f"key{seed}", ingredients={})
    for seed in range(6)
]
OLD = 1_000_000_000  # long ago, in nanoseconds


def make_result(value):
    scores = [
        {"scenario": "noise", "modality": "a", "severity": 1, "predict_seconds": 0.25, "accuracy": 0.0},
        {"scenario": "clean", "modality": "", "severity": 0, "predict_seconds": 0.5, "accuracy": value},
    ]
    return CellResult("done", scores=scores, fit_seconds=value)


RESULTS = [
    make_result(0.1),
    make_result(0.9),
    CellResult("failed", "ValueError: no\nluck"),
    CellResult("skipped"),
]


def save(store, cell, result, *, time=OLD):
    store.save(cell, result, {})
    os.utime(store.path(cell), ns=(time, time))


@pytest.fixture
def store(tmp_path):
    """All cells finished long ago, and known to the index."""
    store = Store(tmp_path)
    for number, cell in enumerate(CELLS):
        save(store, cell, RESULTS[number % len(RESULTS)])
    index = Index(store)
    find_todo(CELLS, index, pytest.fail)
    index.save()
    return store


def scan(store):
    """What the verified files say, without any index."""
    there = {}
    for cell in CELLS:
        try:
            result = store.load(cell)
        except DamagedCellError:
            continue
        if result is not None:
            there[cell.key] = Finished.of(result)
    return there


def test_what_a_run_has_to_know_is_taken_from_a_result():
    assert Finished.of(RESULTS[0]) == ("done", "", 0.1, 0.75, {"accuracy": 0.1})
    assert Finished.of(RESULTS[2]) == ("failed", "ValueError: no", 0.0, 0.0, {})
    assert [Finished.of(result).failed for result in RESULTS] == [False, False, True, False]


def test_cells_that_are_known_are_not_read(store, monkeypatch):
    expected = scan(store)
    monkeypatch.setattr(Store, "load", lambda *_: pytest.fail("a cell was read"))
    assert find_todo(CELLS, Index(store), pytest.fail) == (expected, [])


def test_a_cell_that_was_written_just_now_is_not_trusted_yet(tmp_path):
    store, cell = Store(tmp_path), CELLS[0]
    time = time_ns() + 10**12  # just now, however long this test takes
    save(store, cell, RESULTS[0], time=time)
    index = Index(store)
    index.find(cell)
    index.save()
    save(store, cell, make_result(0.2), time=time)  # of the same size, within a tick of the clock
    assert Index(store).find(cell).clean == {"accuracy": 0.2}


def test_what_a_load_finds_is_known_later(store, monkeypatch):
    (store.folder / INDEX).unlink()
    index = Index(store)
    assert index.load(CELLS[0]).scores == RESULTS[0].scores
    index.save()
    monkeypatch.setattr(Store, "load", lambda *_: pytest.fail("a cell was read"))
    assert Index(store).find(CELLS[0]).status == "done"


def test_an_index_with_nothing_new_is_not_written(store):
    path = store.folder / INDEX
    os.utime(path, ns=(OLD, OLD))
    index = Index(store)
    for cell in CELLS:
        index.load(cell)
    index.save()
    assert path.stat().st_mtime_ns == OLD


def test_files_of_a_known_hash_are_not_read_again(tmp_path, monkeypatch):
    from fusebench.bench.store import index as module

    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("1")
        os.utime(path, ns=(OLD, OLD))
    digest = module.hash_files(paths)
    index = Index(Store(tmp_path))
    assert not index.has_hash(paths, "another")
    assert index.has_hash(paths, digest)
    index.save()
    monkeypatch.setattr(module, "hash_files", lambda _: "read")
    assert Index(Store(tmp_path)).has_hash(paths, digest)
    assert not Index(Store(tmp_path)).has_hash(paths, "another")
    paths[0].write_text("2")
    assert not Index(Store(tmp_path)).has_hash(paths, digest)
    paths[1].unlink()
    assert not Index(Store(tmp_path)).has_hash(paths, "read")


def replace(store, cell, result):
    save(store, cell, result, time=OLD + 1)


def tear(store, cell, _):
    path = store.path(cell)
    path.write_bytes(path.read_bytes()[:100])


def edit(store, cell, _):
    """Change a file without its size."""
    path = store.path(cell)
    path.write_bytes(path.read_bytes().replace(b'"status": "', b'"status":"x', 1))


def remove(store, cell, _):
    store.path(cell).unlink()


def copy_another(store, cell, _):
    """Give a cell the whole file of another one."""
    store.path(cell).write_bytes(store.path(CELLS[1]).read_bytes())
    os.utime(store.path(cell), ns=(OLD + 2, OLD + 2))


def tear_index(content):
    return content[: len(content) // 2]


def edit_index(content):
    return content.replace(b'"failed"', b'"done"').replace(b'"skipped"', b'"done"')


def seal(content):
    """Make an index of this content that looks whole."""
    return sha256(content).hexdigest().encode() + b"\n" + content


def drop_rows(content):
    """Forget half of the cells, in an index that is whole."""
    return seal(b"\n".join(content.splitlines()[1::2]))


def other_form(_):
    """Write an index of another version."""
    return seal(b'null\n["key0","done",1,2]\n')


DAMAGE = st.lists(
    st.tuples(
        st.sampled_from([replace, tear, edit, remove, copy_another]),
        st.sampled_from(CELLS),
        st.sampled_from(RESULTS),
    ),
    max_size=5,
    unique_by=lambda damage: damage[1].seed,
)
INDEX_DAMAGE = st.sampled_from(
    [bytes, tear_index, edit_index, drop_rows, other_form, lambda _: b"", lambda _: b"\xff"]
)


@settings(max_examples=40, deadline=None)
@given(DAMAGE, INDEX_DAMAGE, st.booleans())
def test_whatever_happens_to_files_a_run_finds_what_they_say(tmp_path_factory, damage, damage_index, again):
    store = Store(tmp_path_factory.mktemp("run"))
    for number, cell in enumerate(CELLS):
        save(store, cell, RESULTS[number % len(RESULTS)])
    index = Index(store)
    find_todo(CELLS, index, pytest.fail)
    index.save()
    for change, cell, result in damage:
        if store.path(CELLS[1]).is_file() or change is not copy_another:
            change(store, cell, result)
    path = store.folder / INDEX
    path.write_bytes(damage_index(path.read_bytes()))
    expected = scan(store)
    for _ in range(1 + again):  # the second time with the index that the first one has written
        index, said = Index(store), []
        there, todo = find_todo(CELLS, index, said.append)
        assert there == expected
        assert [cell.key for cell in todo] == [cell.key for cell in CELLS if cell.key not in expected]
        assert len(said) == sum(store.path(cell).is_file() for cell in todo)
        index.save()
