"""Asks fitd and bare echo servers the same, and compares how long answers take."""
