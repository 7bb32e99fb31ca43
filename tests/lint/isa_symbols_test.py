"""Fails when a kernel built for a newer instruction set shares a mergeable symbol with the rest of the program.

The linker keeps one copy of each weak symbol (an inline function, a template instance). If it keeps the one built with
AVX-512, older processors stop with an illegal instruction. So each weak symbol must carry its level's name.

usage: isa_symbols_test.py <nm> <archive of the kernels>
"""

import re
import subprocess
import sys
import unittest

_LEVEL = re.compile(r"(_|::)(baseline|v3|v4)\b")
# Pointers to runtime routines; without instructions of their own.
_HARMLESS = re.compile(r"^DW\.ref\.")


def mergeable(nm_output):
    """The demangled weak symbols that no level's name keeps apart."""
    symbols = set()
    for line in nm_output.splitlines():
        match = re.match(r"[0-9a-f]+ [WVu] (.*)$", line)
        if match and not _LEVEL.search(match[1]) and not _HARMLESS.match(match[1]):
            symbols.add(match[1])
    return sorted(symbols)


class IsaSymbolsTest(unittest.TestCase):
    nm = archive = ""

    def test_kernels_share_no_weak_symbol(self):
        command = [self.nm, "--demangle", "--defined-only", self.archive]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertIn(" T ", output, f"{self.archive} defines nothing")
        self.assertEqual([], mergeable(output))

    def test_planted_symbol_is_found(self):
        self.assertEqual(
            ["float std::max<float>(float, float)"],
            mergeable(
                "0000000000000000 W float std::max<float>(float, float)\n"
                "0000000000000000 W Eigen_v3::internal::pmadd(float)\n"
                "0000000000000000 V DW.ref.__gxx_personality_v0\n"
                "0000000000000000 T fitd_gemm_v3\n"
            ),
        )


if __name__ == "__main__":
    IsaSymbolsTest.nm, IsaSymbolsTest.archive = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
