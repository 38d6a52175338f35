"""Bots written for asyncio in virtual time: the programs that trade over TCP, unchanged."""
