"""What an image consists of, down to the frames: observed, without verdicts (``zcc inspect``)."""
