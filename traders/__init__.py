"""The trader's end: client, strategies and fleets. Import the module you need; nothing is set up here."""
