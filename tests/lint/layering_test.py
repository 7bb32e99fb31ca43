"""Reads every #include in core/, server/ and client/ and fails on one that the architecture does not allow."""

import pathlib
import re
import tempfile
import unittest

# Each row: a folder, and the folders it may include from beside itself and the generated messages.
_KINDS = ["core/base", "core/tensor", "core/kernels"]
_PLAN = _KINDS + ["core/nn", "core/loss", "core/optim", "core/metric", "core/data"]
_TRAIN = _PLAN + ["core/plan"]
_SEARCH = _TRAIN + ["core/train"]
_STORE = _SEARCH + ["core/search", "server/log"]
_USE_CASES = _STORE + ["server/store"]
_RPC = _USE_CASES + ["server/auth", "server/jobs", "server/predict"]
ARROWS = {
    "core/base": [],
    "core/tensor": ["core/base"],
    "core/kernels": ["core/base"],
    "core/nn": _KINDS,
    "core/loss": _KINDS,
    "core/optim": _KINDS,
    "core/metric": _KINDS,
    "core/data": _KINDS,
    "core/plan": _PLAN,
    "core/train": _TRAIN,
    "core/search": _SEARCH,
    "server/log": ["core/base"],
    "server/auth": ["core/base", "server/log"],
    "server/store": _STORE,
    "server/predict": _USE_CASES,
    "server/jobs": _USE_CASES + ["server/predict"],
    "server/http": _USE_CASES + ["server/auth", "server/jobs"],
    "server/rpc": _RPC + ["server/http"],
    "server": _RPC + ["server/http", "server/rpc"],
    "client": [],
    "client/cli": ["client"],
}

# (include, files that may have it)
OUTSIDE = [
    (r"grpcpp/|grpc/|.*\.grpc\.pb\.h", r"server/(rpc|predict)/|server/server\.(h|cc)|client/"),
    (r"sqlite3\.h|SQLiteCpp/", r"server/store/"),
    (r"civetweb\.h|prometheus/", r"server/http/"),
    (r"CLI/|absl/flags/", r"server/(main|token_command)\.cc|client/cli/"),
]

_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def violations(root):
    """One line for each include under root that no arrow allows."""
    for top in ("core", "server", "client"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cc", ".inc"):
                continue
            name = file.relative_to(root).as_posix()
            folder = file.parent.relative_to(root).as_posix()
            if folder not in ARROWS:
                yield f"{name}: {folder} has no row in ARROWS"
                continue
            for include in _INCLUDE.findall(file.read_text()):
                target = include.rpartition("/")[0]
                ours = include.split("/")[0] in ("core", "server", "client", "tests")
                if ours and target != folder and target not in ARROWS[folder]:
                    allowed = ", ".join(ARROWS[folder]) or "nothing"
                    yield f"{name}: includes {include}; {folder} may know {allowed}"
                for pattern, allowed in OUTSIDE:
                    if re.match(pattern, include) and not re.match(allowed, name):
                        yield f"{name}: includes {include}; only {allowed} may"


class LayeringTest(unittest.TestCase):
    def test_tree_follows_the_arrows(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        self.assertEqual([], list(violations(root)))

    def test_planted_violations_are_found(self):
        planted = [
            ("core/base/a.h", "core/tensor/b.h"),
            ("core/nn/a.cc", "core/loss/b.h"),
            ("core/data/a.cc", "core/train/b.h"),
            ("core/train/a.cc", "server/jobs/b.h"),
            ("core/train/a.cc", "tests/testing/b.h"),
            ("core/plan/a.cc", "fitd/v1/job_service.grpc.pb.h"),
            ("core/base/a.cc", "absl/flags/flag.h"),
            ("core/drawer/a.h", "core/base/b.h"),
            ("server/store/a.cc", "server/jobs/b.h"),
            ("server/predict/a.cc", "server/jobs/b.h"),
            ("server/jobs/a.cc", "grpcpp/grpcpp.h"),
            ("server/jobs/a.cc", "sqlite3.h"),
            ("server/main.cc", "grpcpp/server.h"),
            ("client/a.cc", "core/base/b.h"),
            ("client/cli/a.cc", "server/server.h"),
        ]
        for file, include in planted:
            with self.subTest(file=file, include=include):
                self.assertEqual(1, len(list(self._violations_of(file, include))))

    def test_drawn_arrows_pass(self):
        for file, include in [
            ("core/nn/a.cc", "core/kernels/b.h"),
            ("core/nn/a.cc", "fitd/v1/layer.pb.h"),
            ("server/store/a.cc", "SQLiteCpp/SQLiteCpp.h"),
            ("server/server.cc", "grpcpp/server.h"),
            ("server/rpc/a.cc", "fitd/v1/job_service.grpc.pb.h"),
            ("client/cli/a.cc", "client/b.h"),
        ]:
            with self.subTest(file=file, include=include):
                self.assertEqual([], list(self._violations_of(file, include)))

    @staticmethod
    def _violations_of(file, include):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root, file)
            path.parent.mkdir(parents=True)
            path.write_text(f'#include "{include}"\n')
            yield from violations(pathlib.Path(root))


if __name__ == "__main__":
    unittest.main()
