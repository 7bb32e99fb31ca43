"""Fails when a test file is named in no CMakeLists.txt, and so would never run."""

import pathlib
import re
import tempfile
import unittest

_TEST_FILE = re.compile(r".*_test\.(cc|py|sh)$")


def unregistered(root):
    """The test files under root/tests that neither their folder nor one above names."""
    for file in sorted((root / "tests").rglob("*")):
        if not _TEST_FILE.match(file.name):
            continue
        for folder in file.relative_to(root).parents:
            cmake = root / folder / "CMakeLists.txt"
            words = re.sub(r"#.*", "", cmake.read_text()) if cmake.exists() else ""
            name = re.escape(file.relative_to(root / folder).as_posix())
            if file.suffix != ".cc":  # Scripts may be registered by their subject.
                name = re.sub(r"(_test\\.\w+)$", r"(\1)?", name)
            if re.search(rf"(?<![\w.-]){name}(?![\w.-])", words):
                break
        else:
            yield file.relative_to(root).as_posix()


class RegistrationTest(unittest.TestCase):
    def test_every_test_is_registered(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        self.assertEqual([], list(unregistered(root)))

    def test_planted_test_is_found(self):
        for text, found in [
            ("fitd_test(x SOURCES dense_test.cc)", False),
            ("fitd_test(x SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/dense_test.cc)", False),
            ("fitd_test(x SOURCES)", True),
            ("# fitd_test(x SOURCES dense_test.cc)", True),
            ("fitd_test(x SOURCES condense_test.cc)", True),
        ]:
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder)
                (root / "tests").mkdir()
                (root / "tests/dense_test.cc").touch()
                (root / "tests/CMakeLists.txt").write_text(text)
                self.assertEqual(["tests/dense_test.cc"] if found else [], list(unregistered(root)))


if __name__ == "__main__":
    unittest.main()
