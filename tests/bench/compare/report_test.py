"""The arithmetic of the tables, and the gate that all contenders learned the same."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from compare import report


def block(**changes):
    """T1 with fitd and one peer, twice as slow; `changes` are the peer's."""
    fitd = {"name": "fitd", "variant": "", "step_seconds": [2e-5, 2e-5, 4e-5], "peak_memory": 2**20, "first_step": 0.005,
            "losses": [0.5, 0.25]}
    peer = {**fitd, "name": "peer", "step_seconds": [4e-5, 4e-5, 8e-5], "first_step": 2.5, **changes}
    return {"workload": "T1", "cores": 1, "contenders": [fitd, peer], "failed": [], "peak_flops": 1e11, "peak_drift": 0.0,
            "steal": 0.0, "others": 0.0}


def cells(text, name):
    row = next(line for line in text.splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in row.strip("|").split("|")]


class ReportTest(unittest.TestCase):
    def test_row_has_median_range_ratio_share_of_peak_and_times(self):
        # A step of T1 is 1,040,640 operations: 26.0 % of what 1e11 a second do in 40 us.
        self.assertEqual(
            ["peer", "40.0", "40.0 to 80.0", "2.00 [2.00, 2.00]", "26.0%", "1", "2.5 s", "0.5000", "0e+00, 0e+00"],
            cells(report.table(block()), "peer"))

    def test_ratio_is_the_median_of_the_rounds_not_the_ratio_of_medians(self):
        table = report.table(block(step_seconds=[2e-5, 2e-5, 12e-5]))
        self.assertEqual("1.00 [1.00, 3.00]", cells(table, "peer")[3])

    def test_same_curves_agree(self):
        self.assertTrue(report.agrees(block(losses=[0.502, 0.252])))

    def test_other_losses_do_not_agree(self):
        for losses in ([0.503, 0.25], [0.5, 0.254]):
            with self.subTest(losses=losses):
                self.assertFalse(report.agrees(block(losses=losses)))
                self.assertIn("NOT THE SAME", report.table(block(losses=losses)))

    def test_failed_contender_does_not_agree(self):
        failed = {**block(), "failed": ["peer 2"]}
        self.assertFalse(report.agrees(failed))
        self.assertIn("**peer 2 failed.**", report.table(failed))

    def test_summary_has_a_column_per_block_and_gaps_where_a_contender_took_no_part(self):
        alone = block()
        alone["contenders"] = alone["contenders"][:1]
        summary = report.summary([block(), {**alone, "cores": 2}])
        self.assertEqual(["us per step", "T1, 1 core(s)", "T1, 2 core(s)"], cells(summary, "us per step"))
        self.assertEqual(["fitd", "20.0 (1.0x)", "20.0 (1.0x)"], cells(summary, "fitd"))
        self.assertEqual(["peer", "40.0 (2.0x)", ""], cells(summary, "peer"))

    def test_disturbed_block_says_so(self):
        for change in ({"peak_drift": 0.04}, {"steal": 0.02}, {"others": 0.04}):
            with self.subTest(change=change):
                self.assertIn("Disturbed", report.table({**block(), **change}))
        self.assertNotIn("Disturbed", report.table(block()))


if __name__ == "__main__":
    unittest.main()
