"""Audits every image of a registry or a list: each distinct layer is judged once, one file has the state."""
