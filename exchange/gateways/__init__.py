"""The edges: bytes of the outside world to sessions, and back."""
