"""HTTP: requests of people, scripts and browsers to the venue."""
