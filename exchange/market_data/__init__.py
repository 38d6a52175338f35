"""Public streams of market data: events in, messages for whoever reads them out."""
