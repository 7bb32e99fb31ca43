"""What deploy/ and the Dockerfile say fits the daemon: settings, metrics, packages. Arguments: fitd, fitctl."""

import configparser
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = [sys.argv.pop(), sys.argv.pop()]


def settings():
    """The names of the daemon's settings."""
    proto = (ROOT / "proto/fitd/v1/server_config.proto").read_text()
    return set(re.findall(r"^  \w+ (\w+) = \d+;", proto, re.MULTILINE))


def metrics():
    """The names of the metrics that the daemon has."""
    sources = "".join(file.read_text() for file in (ROOT / "server/http").glob("*_metrics.cc"))
    return set(re.findall(r'"(fitd_[a-z_]+)"', sources))


def unknown_flags(args):
    """Those of `--name=value` that are no setting."""
    return [arg for arg in args if arg.split("=")[0].lstrip("-").replace("-", "_") not in settings()]


def unknown_metrics(expression):
    names = re.findall(r"fitd_[a-z_]+", expression)
    return [name for name in names if re.sub(r"_bucket$", "", name) not in metrics()]


def closure(packages):
    """These packages and all that they depend on, of those that are installed."""
    seen = set()
    queue = list(packages)
    while queue:
        package = queue.pop()
        if package in seen:
            continue
        seen.add(package)
        shown = subprocess.run(["dpkg-query", "--show", "--showformat=${Depends}", package],
                               capture_output=True, text=True).stdout
        queue += re.findall(r"(?:^|[,|]) *([a-z0-9.+-]+)", shown)
    return seen


class ComposeTest(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
        self.fitd = self.compose["services"]["fitd"]
        self.sample = self.compose["services"]["sample"]

    def test_flags_are_settings(self):
        self.assertEqual([], unknown_flags(self.fitd["command"]))
        self.assertEqual(["--none=1"], unknown_flags(["--none=1"]))

    def test_files_that_are_mounted_exist(self):
        for service in self.compose["services"].values():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.split("/")[:2] == [".", "tls"]:
                    continue  # Which make-certificates.sh makes.
                if source.startswith("./"):
                    self.assertTrue((ROOT / "deploy" / source).exists(), source)
                else:
                    self.assertIn(source, self.compose["volumes"])

    def test_sample_calls_the_daemon(self):
        build = self.sample["build"]
        dockerfile = (ROOT / "deploy" / build["context"] / build["dockerfile"]).read_text()
        guide = (ROOT / "docs/stubs.md").read_text().split("## Python\n\n```sh\n")[1].split("```")[0]
        for command in guide.splitlines()[1:]:  # After `cd`.
            self.assertIn(command, dockerfile)
        environment = self.sample["environment"]
        self.assertIn("--listen=0.0.0.0:" + environment["FITD_ADDRESS"].removeprefix("fitd:"), self.fitd["command"])
        self.assertIn(environment["FITD_TLS_CA"], [volume.split(":")[1] for volume in self.sample["volumes"]])

    def test_daemon_has_no_more_rights_than_it_needs(self):
        for service in self.fitd, self.sample:
            self.assertTrue(service["read_only"])
            self.assertEqual(["ALL"], service["cap_drop"])
        for service in self.compose["services"].values():
            for port in service["ports"]:
                self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_prometheus_asks_where_the_daemon_answers(self):
        scrape = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())["scrape_configs"][0]
        self.assertEqual([{"targets": ["fitd:7475"]}], scrape["static_configs"])
        self.assertIn("--http-listen=0.0.0.0:7475", self.fitd["command"])


class GrafanaTest(unittest.TestCase):
    def test_dashboard_asks_for_metrics_that_exist(self):
        dashboard = json.loads((ROOT / "deploy/grafana/fitd.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertGreaterEqual(len(expressions), 8)
        for expression in expressions:
            self.assertEqual([], unknown_metrics(expression), expression)
        self.assertEqual(["fitd_none"], unknown_metrics("rate(fitd_none[1m])"))


class KubernetesTest(unittest.TestCase):
    def setUp(self):
        objects = yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text())
        self.objects = {entry["kind"]: entry for entry in objects}
        self.set = self.objects["StatefulSet"]["spec"]
        self.pod = self.set["template"]["spec"]
        self.fitd = self.pod["containers"][0]

    def test_flags_are_settings(self):
        self.assertEqual([], unknown_flags(self.fitd["args"]))

    def test_names_refer_to_what_is_there(self):
        labels = self.set["template"]["metadata"]["labels"]
        self.assertEqual(labels, self.set["selector"]["matchLabels"])
        self.assertEqual(labels, self.objects["Service"]["spec"]["selector"])
        self.assertEqual(labels, self.objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"])
        self.assertEqual(self.set["serviceName"], self.objects["Service"]["metadata"]["name"])
        volumes = {volume["name"] for volume in self.pod["volumes"]}
        volumes |= {claim["metadata"]["name"] for claim in self.set["volumeClaimTemplates"]}
        self.assertEqual(volumes, {mount["name"] for mount in self.fitd["volumeMounts"]})
        ports = {port["name"] for port in self.fitd["ports"]}
        wanted = {port["targetPort"] for port in self.objects["Service"]["spec"]["ports"]}
        wanted |= {port["port"] for rule in self.objects["NetworkPolicy"]["spec"]["ingress"] for port in rule["ports"]}
        wanted.add(self.fitd["readinessProbe"]["httpGet"]["port"])
        self.assertEqual(ports, wanted)

    def test_files_are_where_they_are_mounted(self):
        mounts = [mount["mountPath"] for mount in self.fitd["volumeMounts"]]
        paths = [arg.split("=")[1] for arg in self.fitd["args"] if "=/" in arg]
        paths += [variable["value"] for variable in self.fitd["env"] if variable["value"].startswith("/")]
        self.assertGreaterEqual(len(paths), 4)
        for path in paths:
            self.assertTrue(any(path.startswith(mount + "/") for mount in mounts), path)

    def test_daemon_has_no_more_rights_than_it_needs(self):
        self.assertTrue(self.pod["securityContext"]["runAsNonRoot"])
        self.assertFalse(self.pod["automountServiceAccountToken"])
        security = self.fitd["securityContext"]
        self.assertFalse(security["allowPrivilegeEscalation"])
        self.assertTrue(security["readOnlyRootFilesystem"])
        self.assertEqual({"drop": ["ALL"]}, security["capabilities"])
        self.assertEqual(1, self.set["replicas"])

    def test_user_is_that_of_the_image(self):
        user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        context = self.pod["securityContext"]
        self.assertEqual((context["runAsUser"], context["runAsGroup"]), (int(user[1]), int(user[2])))


class SystemdTest(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "deploy/fitd.service").read_text()
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read_string(self.text)
        self.service = unit["Service"]

    def analyze(self, text, *command):
        """What systemd-analyze says of a unit, and its exit status."""
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd is not installed")
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "fitd.service"
            unit.write_text(text.replace("/usr/local/bin/fitd", str(pathlib.Path(BINARIES[1]).resolve())))
            done = subprocess.run(["systemd-analyze", *command, unit], capture_output=True, text=True)
            return done.stdout + done.stderr, done.returncode

    def test_systemd_understands_it(self):
        self.assertEqual(("", 0), self.analyze(self.text, "verify"))
        said, _ = self.analyze(self.text.replace("ProtectHome=", "ProtectHom="), "verify")
        self.assertIn("ProtectHom", said)

    def test_daemon_has_no_more_rights_than_it_needs(self):
        security = ["security", "--no-pager", "--offline=true", "--threshold=15"]  # Of 100.
        said, status = self.analyze(self.text, *security)
        self.assertEqual(0, status, said)
        _, status = self.analyze(self.text.replace("CapabilityBoundingSet=", ""), *security)
        self.assertEqual(1, status)

    def test_directories_are_those_of_the_configuration(self):
        config = yaml.safe_load((ROOT / "deploy/fitd.yaml").read_text())
        self.assertEqual(config["data_dir"], "/var/lib/" + self.service["StateDirectory"])
        path = self.service["ExecStart"].split("--config ")[1]
        self.assertEqual("/etc/" + self.service["ConfigurationDirectory"], str(pathlib.Path(path).parent))

    def test_stop_waits_longer_than_the_daemon(self):
        grace = yaml.safe_load((ROOT / "deploy/fitd.yaml").read_text())["shutdown_grace_seconds"]
        store = int(re.search(r"shutdown_grace_seconds\(\)\) \+ (\d+)000\)", (ROOT / "server/main.cc").read_text())[1])
        self.assertGreater(int(self.service["TimeoutStopSec"]), grace + store)

    def test_no_restart_when_somebody_has_to_look_first(self):
        table = (ROOT / "docs/operations.md").read_text().split("## When the daemon does not start")[1].split("##")[0]
        codes = set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE))
        self.assertIn("75", codes)
        self.assertEqual(codes - {"1", "75"}, set(self.service["RestartPreventExitStatus"].split()))


class DockerfileTest(unittest.TestCase):
    def test_image_has_every_library_that_the_programs_load(self):
        run_time = (ROOT / "Dockerfile").read_text().split("FROM debian:12-slim\n")[1]
        named = re.search(r"--no-install-recommends \\\n(.*?) && ", run_time, re.DOTALL)[1]
        have = closure(re.findall(r"[a-z0-9][a-z0-9.+-]+", named)) | {"libc6"}
        for binary in BINARIES:
            loaded = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
            files = [str(pathlib.Path(path).resolve()) for path in re.findall(r"=> (/\S+)", loaded)]
            owners = subprocess.run(["dpkg", "--search", *files], capture_output=True, text=True).stdout
            missing = set(re.findall(r"^([a-z0-9.+-]+):", owners, re.MULTILINE)) - have
            self.assertEqual(set(), missing, binary)

    def test_both_builders_understand_it(self):
        text = (ROOT / "Dockerfile").read_text()
        self.assertNotIn("<<", text)
        self.assertNotIn("# syntax", text)


if __name__ == "__main__":
    unittest.main()
