"""Checks of images and layers, with the rules over TOC and chunks."""
