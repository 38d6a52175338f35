"""The same market on generators alone: a kernel, a venue and a trader with ``yield from``, and nothing of asyncio."""
