"""History: what traded, in a file beside the journal, for whoever asks later."""
