"""What surrounds a fit never changes its bits: the scenario in many surroundings has one outcome."""

import functools
import multiprocessing
import os
import subprocess
import tempfile
import unittest

from daemon import FULL, Daemon
from scenario import Scenario


def outcome(threads=0, **options):
    with tempfile.TemporaryDirectory() as folder:
        return Scenario(folder, functools.partial(Daemon, **options), threads=threads).run()


def burn():
    while True:
        pass


class DeterminismTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.expected = outcome()

    def expect_same(self, **options):
        got = outcome(**options)
        self.assertEqual([key for key in self.expected if got[key] != self.expected[key]], [])

    def test_alone_or_side_by_side(self):
        self.expect_same(workers=1)

    def test_threads(self):
        for threads in (1, 2, 3, 4, 8, 16) if FULL else (1, 2):
            with self.subTest(threads=threads):
                self.expect_same(threads=threads)

    def test_memory_that_is_not_zero(self):
        self.expect_same(environment={"MALLOC_PERTURB_": "165"})

    def test_memory_that_is_never_used_again(self):
        self.expect_same(environment={"MALLOC_MMAP_THRESHOLD_": "1024", "MALLOC_TOP_PAD_": "0"})

    def test_addresses(self):
        self.expect_same(prefix=["setarch", "-R"])

    @unittest.skipUnless(os.path.exists("/usr/share/i18n/locales/de_DE"), "the package locales is not installed")
    def test_locale_with_decimal_commas(self):
        with tempfile.TemporaryDirectory() as locales:
            subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", f"{locales}/de_DE.UTF-8"], check=True)
            self.expect_same(environment={"LOCPATH": locales, "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"})

    def test_busy_machine(self):
        others = [multiprocessing.Process(target=burn, daemon=True) for _ in range(4)]
        for other in others:
            other.start()
        try:
            self.expect_same()
        finally:
            for other in others:
                other.kill()


if __name__ == "__main__":
    unittest.main()
