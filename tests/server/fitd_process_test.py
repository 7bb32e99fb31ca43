"""The daemon as a process: exit codes, signals, one daemon per directory and per port. Argument: the binary."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

FITD = sys.argv.pop()


class FitdProcessTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.started = 0

    def start(self, data="data"):
        """A daemon that serves, and its port."""
        self.started += 1
        port_file = self.path / f"port{self.started}"
        daemon = subprocess.Popen(
            [FITD, "--data-dir", self.path / data, "--listen", "127.0.0.1:0", "--port-file", port_file],
            stderr=subprocess.DEVNULL)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        while not port_file.exists():
            self.assertIsNone(daemon.poll(), "the daemon ended before it served")
            time.sleep(0.001)
        return daemon, port_file.read_text().strip()

    def run_to_end(self, *flags, env=None):
        done = subprocess.run([FITD, *flags], capture_output=True, text=True, timeout=30, env=env)
        return done.returncode, done.stdout + done.stderr

    def test_bad_usage_names_every_fault_and_exits_with_2(self):
        code, text = self.run_to_end("--workers", "0", "--listen", "0.0.0.0:1")
        self.assertEqual(code, 2)
        for fault in ("data_dir: is required", "--workers: workers: is 0", "--listen: listen:"):
            self.assertIn(fault, text)
        code, text = self.run_to_end("--data-dri", "x")
        self.assertEqual(code, 2)
        self.assertIn('unknown option "--data-dri"; did you mean "--data-dir"?', text)
        self.assertEqual(self.run_to_end("--listen")[0], 2)
        self.assertEqual(self.run_to_end("--config", "/nowhere.yaml")[0], 2)

    def test_flags_win_over_the_environment_and_that_over_the_file(self):
        config = self.path / "fitd.yaml"
        config.write_text("data_dir: /file\nworkers: 2\nlog_level: debug\n")
        code, text = self.run_to_end("--config", str(config), "--check-config", "--workers", "4",
                                     env={"FITD_WORKERS": "3", "FITD_LOG_LEVEL": "warn"})
        self.assertEqual(code, 0)
        for line in ('data_dir: "/file"', "workers: 4", 'log_level: "warn"'):
            self.assertIn(line, text)

    def test_every_setting_has_a_flag(self):
        code, text = self.run_to_end("--check-config", "--data-dir", "/flag", "--max-watchers", "7", "--insecure",
                                     "--allow-network-disk", "--upload-idle-seconds", "9")
        self.assertEqual(code, 0)
        for line in ("max_watchers: 7", "insecure: true", "allow_network_disk: true", "upload_idle_seconds: 9"):
            self.assertIn(line, text)

    def test_tokens_are_created_listed_and_revoked(self):
        folder = ("--data-dir", str(self.path / "data"))
        code, token = self.run_to_end("token", "create", "ci", "--role", "trainer", *folder)
        self.assertEqual(code, 0)
        self.assertRegex(token, r"^fitd_[0-9a-f]{64}\n$")
        code, text = self.run_to_end("token", "list", *folder)
        self.assertRegex(text, r"^ci +trainer +20\d\d-.*\n$")
        self.assertNotIn(token.strip(), (self.path / "data" / "tokens").read_text())
        self.assertEqual(self.run_to_end("token", "revoke", "ci", *folder), (0, ""))
        self.assertEqual(self.run_to_end("token", "list", *folder), (0, ""))
        for wrong, expected, reason in (
                (("create", "ci", "--role", "amdin"), 2, 'did you mean "admin"?'),
                (("create", "c i", "--role", "admin"), 2, "allowed:"),
                (("create", "ci"), 2, "--role is required"),
                (("create", "ci", "--rloe", "admin"), 2, "--r"),
                (("revoke", "ci"), 1, "unknown token"),
                ((), 2, "subcommand")):
            code, text = self.run_to_end("token", *wrong, *folder)
            self.assertEqual(code, expected, wrong)
            self.assertIn(reason, text)

    def test_address_that_others_reach_exits_with_77_without_a_token(self):
        script = pathlib.Path(__file__).resolve().parents[2] / "deploy/make-certificates.sh"
        subprocess.run([script, self.path / "tls", "fitd"], check=True)
        # What is mounted into a container: open for its user, without the key that signs.
        self.assertEqual((self.path / "tls").stat().st_mode & 0o777, 0o755)
        self.assertEqual({file.name for file in (self.path / "tls").iterdir()}, {"ca.crt", "tls.crt", "tls.key"})
        self.assertEqual((self.path / "tls-ca.key").stat().st_mode & 0o777, 0o600)
        code, text = self.run_to_end("--data-dir", str(self.path / "data"), "--listen", "0.0.0.0:0",
                                     "--tls-certificate", str(self.path / "tls/tls.crt"),
                                     "--tls-key", str(self.path / "tls/tls.key"))
        self.assertEqual(code, 77)
        self.assertIn("fitd token create", text)

    def test_version(self):
        code, text = self.run_to_end("--version")
        self.assertEqual(code, 0)
        self.assertRegex(text, r"^fitd \d+\.\d+\.\d+\n$")

    def test_sigterm_and_sigint_end_it_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon, _ = self.start()
            daemon.send_signal(number)
            self.assertEqual(daemon.wait(timeout=5), 0)

    def test_second_daemon_on_the_directory_exits_with_75(self):
        daemon, _ = self.start()
        code, text = self.run_to_end("--data-dir", str(self.path / "data"), "--listen", "127.0.0.1:0")
        self.assertEqual(code, 75)
        self.assertIn(f"data dir is in use by process {daemon.pid}", text)

    def test_second_daemon_on_the_port_exits_with_1(self):
        _, port = self.start()
        code, text = self.run_to_end("--data-dir", str(self.path / "other"), "--listen", f"127.0.0.1:{port}")
        self.assertEqual(code, 1)
        self.assertIn(f"cannot listen on 127.0.0.1:{port}", text)

    def test_killed_daemon_leaves_no_lock(self):
        daemon, _ = self.start()
        daemon.kill()
        daemon.wait()
        self.start()

    def test_directory_of_a_newer_daemon_exits_with_76(self):
        (self.path / "data").mkdir()
        database = sqlite3.connect(self.path / "data" / "fitd.db")
        database.execute("PRAGMA user_version = 9999")
        database.close()
        before = (self.path / "data" / "fitd.db").read_bytes()
        self.expect_refusal(76, "newer daemon")
        self.assertEqual((self.path / "data" / "fitd.db").read_bytes(), before)

    def test_damaged_database_exits_with_74(self):
        daemon, _ = self.start()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()
        database = self.path / "data" / "fitd.db"
        sound = database.read_bytes()
        for damaged in (sound[:100] + b"\x7f" * 400 + sound[500:], sound[:len(sound) // 2], b"no database" * 50):
            database.write_bytes(damaged)
            self.expect_refusal(74, "the metadata store")
        database.write_bytes(sound)
        self.start()

    def test_lost_database_exits_with_74_and_files_stay(self):
        daemon, _ = self.start()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()
        blob = self.path / "data" / "weights" / ("a" * 64 + ".wgt")
        blob.write_text("weights")
        (self.path / "data" / "fitd.db").unlink()
        self.expect_refusal(74, "lost")
        self.assertTrue(blob.exists())

    def test_data_dir_that_cannot_be_written_exits_with_78(self):
        # Root may write anywhere.
        user = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        (self.path / "data").mkdir(mode=0o555)
        self.path.chmod(0o755)
        self.expect_refusal(78, "is not writable: Permission denied", **user)

    def expect_refusal(self, expected, reason, **how):
        """The daemon ends at once, with this code and one line that says why."""
        done = subprocess.run([FITD, "--data-dir", self.path / "data", "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=30, **how)
        self.assertEqual(done.returncode, expected, done.stderr)
        self.assertRegex(done.stderr, rf"^fitd: [^\n]*{reason}[^\n]*\n$")


if __name__ == "__main__":
    unittest.main()
