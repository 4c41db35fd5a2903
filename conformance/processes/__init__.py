"""Runs programs: time-outs and bounds, sandboxes, mount namespaces."""
