"""The venue: engine, journal, reports, market data, gateways, and the server that joins them."""
