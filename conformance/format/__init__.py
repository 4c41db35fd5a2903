"""The format itself, pure: no network, no files, no pytest, no other package of this project."""
