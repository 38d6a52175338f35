"""The command log: what was asked of the venue, in order, on disk before anyone hears the answer."""
