"""The hash of a source changes with the code that matters, and with nothing else."""

import subprocess
import sys

from fusebench.bench.fingerprint import hash_json, hash_source

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
        "from fusebench.bench.fingerprint import hash_source; from plugin_of_mine.mine import Mine;"
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
