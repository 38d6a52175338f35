"""Market situations as data: commands in an order, and the effects that they must have."""
