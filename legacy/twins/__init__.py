"""The flows of steps 1 to 18 once more, with ``async`` and ``await`` under asyncio. What a twin prints, its step prints, too."""
