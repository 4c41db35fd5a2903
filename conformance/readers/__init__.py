"""Real tar readers: a panel for sentinel blobs (``sentinel_panel``), and a panel for whole archives (``panel``)."""

__all__ = ["panel", "sentinel_panel"]
