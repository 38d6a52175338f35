"""Pure decisions: events in, intents out. Nothing here knows a clock, a loop or a socket."""
