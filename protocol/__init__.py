"""The language of the venue: words, messages, framing and sessions. No I/O, no market rules."""
