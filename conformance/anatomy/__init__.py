"""What an image is made of, down to the frames: observed, not judged, for people to look at (``zcc inspect``)."""
