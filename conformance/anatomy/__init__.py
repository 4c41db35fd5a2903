"""The parts of an image, down to the frames, without verdicts (``zcc inspect``)."""
