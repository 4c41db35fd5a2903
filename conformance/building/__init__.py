"""The reference writer as a tool: a directory or tars become an image in an OCI layout (``zcc build``)."""
