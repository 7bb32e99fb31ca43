"""Trains the same networks on the same data with fitd and its peers, and compares how long a step takes."""
