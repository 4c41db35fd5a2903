"""Every image of a registry, or of a list: each distinct layer judged once, the state retained in one file."""
