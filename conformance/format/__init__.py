"""The format itself, pure: no network, no files, no pytest, no other room of this project."""
