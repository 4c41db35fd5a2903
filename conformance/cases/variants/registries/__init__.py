"""Conforming registries: the embedded one with a choice that the specifications leave open."""
