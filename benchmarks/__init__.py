"""Measures the exchange against this machine's own floor; ``tontine bench`` runs it."""
