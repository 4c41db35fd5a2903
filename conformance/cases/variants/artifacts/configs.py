"""Other configs of a pair, permitted by image-spec v1.1.1 config.md."""

from conformance.images.draft import Drafted, conforming_draft, finish
from conformance.requirements import variant


@variant("SENT-CONFIG-005")
def history_entry_for_the_sentinel() -> Drafted:
    """One entry in front for the sentinel: history is OPTIONAL and free (image-spec v1.1.1 config.md, "history")."""
    draft = conforming_draft()
    draft.sentinel_config["history"].insert(0, {"created_by": "sentinel"})
    return finish(draft)


@variant("SENT-CONFIG-005")
def history_entry_for_the_sentinel_marked_empty() -> Drafted:
    """The same with ``empty_layer``, because it has no files (image-spec v1.1.1 config.md, "empty_layer")."""
    draft = conforming_draft()
    draft.sentinel_config["history"].insert(0, {"created_by": "sentinel", "empty_layer": True})
    return finish(draft)


@variant(warns=("SENT-CONFIG-005",))
def history_dropped() -> Drafted:
    """No history in the sentinel config: it is OPTIONAL (image-spec v1.1.1 config.md, "history")."""
    draft = conforming_draft()
    del draft.sentinel_config["history"]
    return finish(draft)


@variant(warns=("SENT-CONFIG-005",))
def history_entry_last() -> Drafted:
    """The entry for the sentinel after the others (image-spec v1.1.1 config.md: OPTIONAL, and nothing reads it)."""
    draft = conforming_draft()
    draft.sentinel_config["history"].append({"created_by": "sentinel", "empty_layer": True})
    return finish(draft)


@variant("SENT-CONFIG-005")
def no_history_at_all() -> Drafted:
    """Neither config has a history (image-spec v1.1.1 config.md: OPTIONAL)."""
    draft = conforming_draft()
    del draft.plain_config["history"], draft.sentinel_config["history"]
    return finish(draft)


@variant(warns=("SENT-CONFIG-004",))
def created_when_the_variant_was_made() -> Drafted:
    """``created`` is OPTIONAL and states when the image was created (image-spec v1.1.1 config.md)."""
    draft = conforming_draft()
    draft.plain_config["created"] = "2026-01-01T00:00:00Z"
    draft.sentinel_config["created"] = "2026-02-01T00:00:00Z"
    return finish(draft)


@variant("SENT-CONFIG-007", warns=("SENT-CONFIG-004",))
def label_that_names_the_variant() -> Drafted:
    """Labels are metadata and do not change how the image runs (image-spec v1.1.1 config.md, "Labels")."""
    draft = conforming_draft()
    draft.sentinel_config["config"]["Labels"] = {"org.example.variant": "sentinel"}
    return finish(draft)


@variant("SENT-CONFIG-007")
def null_and_empty_for_absent() -> Drafted:
    """Null, empty and absent are one (image-spec v1.1.1 config.md: implementations treat null as absent)."""
    draft = conforming_draft()
    draft.sentinel_config["config"].update(Cmd=None, Volumes={}, User="", Labels={})
    draft.plain_config["config"].update(ExposedPorts={}, Entrypoint=[])
    return finish(draft)


@variant("SENT-CONFIG-007")
def no_execution_config() -> Drafted:
    """``config`` is OPTIONAL (image-spec v1.1.1 config.md)."""
    draft = conforming_draft()
    del draft.plain_config["config"], draft.sentinel_config["config"]
    return finish(draft)


@variant("SENT-CONFIG-007")
def empty_execution_config_beside_none() -> Drafted:
    """An empty ``config`` means the same as none (image-spec v1.1.1 config.md)."""
    draft = conforming_draft()
    draft.plain_config["config"] = {}
    del draft.sentinel_config["config"]
    return finish(draft)


@variant("SENT-CONFIG-007")
def all_of_the_execution_config() -> Drafted:
    """Every field of the execution config (image-spec v1.1.1 config.md), the same in both variants."""
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        config["config"] = {
            "User": "1000:1000",
            "ExposedPorts": {"80/tcp": {}},
            "Env": ["PATH=/bin", "A=b"],
            "Entrypoint": ["/bin/sh", "-c"],
            "Cmd": ["true"],
            "Volumes": {"/data": {}},
            "WorkingDir": "/data",
            "Labels": {"a": "b"},
            "StopSignal": "SIGTERM",
            "ArgsEscaped": True,
        }
        config.update(created="2026-01-01T00:00:00+02:00", author="somebody")
    return finish(draft)


@variant("DOC-014")
def fields_of_docker() -> Drafted:
    """Fields of the execution config that Docker defines (moby api/types/container config.go)."""
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        check = {"Test": ["CMD", "true"], "Interval": 3_000_000_000, "StartPeriod": 0, "Retries": 3}
        config["config"] |= {
            "Healthcheck": check,
            "OnBuild": ["RUN true"],
            "Shell": ["/bin/sh", "-c"],
            "StopTimeout": 9,
        }
    return finish(draft)


@variant("DOC-014")
def null_in_optional_fields() -> Drafted:
    """Docker writes null for what is not set; Go, Rust, Python and node read it as absent."""
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        unset = ("User", "ExposedPorts", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal")
        config["config"].update(dict.fromkeys(unset))
        config.update({"created": None, "author": None, "variant": None, "os.features": None})
        config["history"] = [{**step, "comment": None, "empty_layer": None} for step in config["history"]]
    return finish(draft)


@variant("DOC-014")
def times_with_offsets_and_nanoseconds() -> Drafted:
    """RFC 3339 section 5.6 allows any number of digits after the point, and offsets other than Z."""
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        config["created"] = "2024-02-29T23:59:59.123456789+05:30"
        config["history"][0]["created"] = "0001-01-01T00:00:00Z"
    return finish(draft)
