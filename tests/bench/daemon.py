"""fitd as a child process, and fitctl calling it. FITD and FITCTL name the programs."""

import json
import os
import pathlib
import subprocess
import time

UNREACHABLE = 6  # fitctl could not connect in time: the machine is busy.


class Daemon:
    """A daemon on folder/daemon. `listen` is unix:PATH or a loopback address; port 0 takes a free one."""

    def __init__(self, folder: pathlib.Path, listen: str = "127.0.0.1:0", *settings: str):
        self.data = folder / "daemon"
        port = folder / "port"
        port.unlink(missing_ok=True)
        self._process = subprocess.Popen([os.environ["FITD"], "--data-dir", self.data, "--listen", listen, "--port-file",
                                          port, "--log-level", "error", *settings])
        while not (port.exists() and port.read_text()):
            if self._process.poll() is not None:
                raise RuntimeError(f"fitd ended with {self._process.returncode}")
            time.sleep(0.01)
        self.address = listen if listen.startswith("unix:") else "127.0.0.1:" + port.read_text().strip()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """fitctl; it prints a JSON object per line."""
        return subprocess.Popen([os.environ["FITCTL"], *arguments, "--output", "jsonl"],
                                env={**os.environ, "FITD_ADDRESS": self.address}, stdout=subprocess.PIPE, text=True)

    def call(self, *arguments: str) -> list[dict]:
        for _ in range(10):
            with self.start(*arguments) as process:
                lines = [json.loads(line) for line in process.stdout]
            if process.returncode != UNREACHABLE:
                break
        if process.returncode:
            raise RuntimeError(f"fitctl {' '.join(arguments)} ended with {process.returncode}")
        return lines

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
