"""Ratios of what was measured in rounds, and tables in Markdown."""

import random
import statistics


def ratio(values: list[float], reference: list[float]) -> tuple[float, float, float]:
    """The median of the rounds' ratios, and the 95 % interval of its bootstrap."""
    ratios = [value / other for value, other in zip(values, reference)]
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return statistics.median(ratios), medians[50], medians[1949]


def markdown(rows: list[list[str]]) -> str:
    """The first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
