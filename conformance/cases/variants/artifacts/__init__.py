"""Images: every variant takes nothing and returns a ``Drafted`` image."""
