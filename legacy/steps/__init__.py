"""From ``yield`` to ``await`` in 22 steps: small programs, each of which trades; docs/from-yield-to-await.md tells them."""
