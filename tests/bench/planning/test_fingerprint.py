"""The hash of a source changes with the code that matters, and with nothing else."""

import subprocess
import sys

from fusebench.bench.planning.fingerprint import hash_json, hash_source

PLUGIN = '''
"""{docstring}"""
from {package}.helper import weight

class Mine:
    """{docstring}"""

    def fit(self):
        return {body} + weight()
'''


def hash_plugin(folder, *, docstring="words", body="1", helper="2", note="", unrelated="3"):
    """Hash a class of a package in a fresh process, as a fresh run would."""
    package = folder / "plugin_of_mine"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "mine.py").write_text(
        PLUGIN.format(docstring=docstring, package="plugin_of_mine", body=body) + note
    )
    (package / "helper.py").write_text(f"def weight():\n    return {helper}\n")
    (package / "unrelated.py").write_text(f"x = {unrelated}\n")
    code = (
        "from fusebench.bench.planning.fingerprint import hash_source; from plugin_of_mine.mine import Mine;"
        "print(hash_source(Mine))"
    )
    return subprocess.run(
        [sys.executable, "-P", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(folder)},
    ).stdout.strip()


def test_the_hash_follows_code_and_what_it_imports(tmp_path):
    base = hash_plugin(tmp_path)
    assert hash_plugin(tmp_path, body="5") != base
    assert hash_plugin(tmp_path, helper="5") != base


def test_the_hash_ignores_words_and_what_is_not_imported(tmp_path):
    base = hash_plugin(tmp_path)
    assert hash_plugin(tmp_path, docstring="other words") == base
    assert hash_plugin(tmp_path, note="\n\n# a comment\n") == base
    assert hash_plugin(tmp_path, unrelated="5") == base


def test_source_without_a_file_is_never_the_same():
    namespace = {"__name__": "nowhere"}
    exec("class Mine: pass", namespace)  # noqa: S102
    assert hash_source(namespace["Mine"]) != hash_source(namespace["Mine"])


def test_hash_json_sees_values_and_not_the_order_of_keys():
    assert hash_json({"a": 1, "b": [1, 2]}) == hash_json({"b": [1, 2], "a": 1})
    assert hash_json({"a": 1}) != hash_json({"a": 2})
    assert hash_json([1, 2]) != hash_json([2, 1])


def test_a_script_counts_with_what_it_imports(tmp_path):
    (tmp_path / "script.py").write_text(
        "import weights\n"
        "from fusebench.bench.planning.fingerprint import hash_source\n"
        "class Mine: pass\n"
        "print(hash_source(Mine))\n"
    )

    def hash_script(weight):
        (tmp_path / "weights.py").write_text(f"weight = {weight}\n")
        command = [sys.executable, "-B", str(tmp_path / "script.py")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert hash_script(1) != hash_script(2)
    assert hash_script(1) == hash_script(1)


def test_the_base_class_counts(tmp_path):
    from fusebench.bench.planning.fingerprint import _closure
    from fusebench.fusions.late import LateMean

    assert "fusebench.fusions.preprocessing" in _closure(LateMean.__module__)
    mine = type("Mine", (LateMean,), {"__module__": "json"})
    assert hash_source(mine) == hash_source(LateMean)


def test_files_are_read_again_when_told(tmp_path, monkeypatch):
    from fusebench.bench.planning.fingerprint import forget_sources

    module = tmp_path / "changing_module.py"
    monkeypatch.syspath_prepend(tmp_path)
    module.write_text("class Mine: x = 1\n")
    mine = __import__("changing_module").Mine
    before = hash_source(mine)
    module.write_text("class Mine: x = 2\n")
    forget_sources()
    assert hash_source(mine) != before
