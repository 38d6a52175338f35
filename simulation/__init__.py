"""Virtual time: the real venue and the real strategies in one process, without a clock, a socket or a thread."""
