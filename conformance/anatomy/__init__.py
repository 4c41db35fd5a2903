"""What an image consists of, down to the frames: observed, not judged, for people to inspect (``zcc inspect``)."""
