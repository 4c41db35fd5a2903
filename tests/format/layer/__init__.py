"""Tests of the layer format: positions, TOC, frames, footer, tar-split, chunker, writer."""
