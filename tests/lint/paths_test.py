"""Fails when a file of the project names a place that exists only on somebody's machine."""

import pathlib
import re
import subprocess
import tempfile
import unittest

# Homes and the usual places of checkouts. Not preceded by what would make it part of a URL or a longer path.
_MACHINE_PATH = re.compile(rb"(?<![\w.:/~$}-])/(home|Users|root|work|workspace|mnt|media)/[\w.]")


def machine_paths(root):
    """file:line for each machine path in the files that git knows or would add."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.split("\0")
    for name in filter(None, files):
        file = root / name
        if not file.is_file():
            continue
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            if _MACHINE_PATH.search(line):
                yield f"{name}:{number}"


class PathsTest(unittest.TestCase):
    def test_tree_names_no_machine_path(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        if not (root / ".git").exists():
            self.skipTest("not a git checkout")
        self.assertEqual([], list(machine_paths(root)))

    def test_planted_path_is_found(self):
        home = "/" + "home"  # In two parts, or this file would find itself.
        for line, found in [
            (f'path = "{home}/ann/fitd"', True),
            (f"cd {home}/ann", True),
            (f"see https://example.org{home}/ann", False),
            (f"$ROOT{home}/ann", False),
            ("/usr/share/fitd", False),
        ]:
            with self.subTest(line=line), tempfile.TemporaryDirectory() as folder:
                subprocess.run(["git", "init", "--quiet", folder], check=True)
                pathlib.Path(folder, "notes.md").write_text(f"one\n{line}\n")
                self.assertEqual(["notes.md:2"] if found else [], list(machine_paths(pathlib.Path(folder))))


if __name__ == "__main__":
    unittest.main()
