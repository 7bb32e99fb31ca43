"""The arithmetic of the table."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from predict import report
from predict.report import Load


def rounds(*loads):
    return report.summaries([Load(seconds, sorted(latencies), (1, 1)) for seconds, latencies in loads])


def result(fitd, echo, clients=2, **changes):
    fits = {"clients": 4, "rate": 100.0, "rounds": [{
        "alone": {"calls_per_second": 399, "p50": 1, "p99": 200},
        "beside": {"calls_per_second": 398, "p50": 1, "p99": 300},
        "steps_per_second": [100, 90, 140],
    }]}
    block = {"clients": clients, "contenders": {"fitd": fitd, "echo": echo}}
    transport = {"transport": "tcp", "request_bytes": 10, "response_bytes": 5, "loads": [block], "fits": fits}
    return {"transports": [transport], "steal": 0.0, "others": 0.0, **changes}


def cells(text, name):
    row = next(line for line in text.splitlines() if f"| {name} " in line)
    return [cell.strip() for cell in row.strip("|").split("|")]


FITD = rounds((1, [30, 10, 20]), (2, [20, 40, 60, 80]))  # 3 and 2 calls/s, p50 20 and 40, p99 30 and 80.
ECHO = rounds((1, [10] * 6), (1, [20, 20]))  # 6 and 2 calls/s.


class ReportTest(unittest.TestCase):
    def test_percentile_is_the_least_value_that_the_share_does_not_exceed(self):
        values = list(range(1, 1001))
        self.assertEqual([500, 990, 999, 1000], [report.percentile(values, share) for share in (0.5, 0.99, 0.999, 1)])
        self.assertEqual(7, report.percentile([7], 0.5))

    def test_row_compares_within_rounds(self):
        text = report.text(result(FITD, ECHO))
        self.assertEqual(["tcp, 2 clients", "fitd", "2", "", "30", "", "55", "", "80"], cells(text, "fitd"))
        self.assertEqual(
            ["", "echo", "4", "0.75 [0.50, 1.00]", "15", "+15", "15", "3.50 [3.00, 4.00]", "20"], cells(text, "echo"))

    def test_paced_calls_have_no_share(self):
        row = cells(report.text(result(FITD, ECHO, clients=0)), "echo")
        self.assertEqual(["4", "", "15"], row[2:5])

    def test_fit_is_compared_with_before_and_after(self):
        self.assertIn("398 of 400 calls/s): p99 300 us, 1.50 [1.50, 1.50] times that without a fit; the fit keeps 75% of",
                      report.text(result(FITD, ECHO)))

    def test_disturbed_run_says_so(self):
        for change in ({"steal": 0.02}, {"others": 0.04}):
            with self.subTest(change=change):
                self.assertIn("Disturbed", report.text(result(FITD, ECHO, **change)))
        self.assertNotIn("Disturbed", report.text(result(FITD, ECHO)))


if __name__ == "__main__":
    unittest.main()
