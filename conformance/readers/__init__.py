"""Real tar readers: a panel for sentinel blobs (``sentinel_panel``), and one for whole archives (``panel``)."""
