"""The matching engine: synchronous, deterministic, integers only. Knows the vocabulary and nothing else."""
