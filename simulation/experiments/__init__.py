"""Experiments of the literature, run in virtual time and checked against what was measured there."""
