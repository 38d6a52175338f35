"""The exchange on the kernel: the same sessions, engine, journal and bounds as on asyncio; what differs is the waiting."""
