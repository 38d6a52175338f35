"""The public streams of a session: views that rebuild each channel, who reads them, how they recover."""
