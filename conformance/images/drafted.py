"""Images for variants: the conforming pair with another sentinel, other layers or other documents."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy

from conformance.format.document import encode
from conformance.images.draft import Draft, Drafted, Json, conforming_draft, finish
from conformance.images.layer_draft import DraftedLayer, LayerDraft, finish_layer


def image_with_sentinel(content: bytes) -> Drafted:
    """The pair with another sentinel blob."""
    draft = conforming_draft()
    digest = draft.add_blob(content)
    draft.sentinel["layers"][0].update(digest=digest, size=len(content))
    draft.sentinel_config["rootfs"]["diff_ids"][0] = digest
    return finish(draft)


def image_with(layer: LayerDraft) -> Drafted:
    """The pair with this layer as the last one, above an ordinary layer."""
    draft = conforming_draft()
    _replace_layers(draft, 1, [finish_layer(layer)])
    return finish(draft)


def image_of(*layers: LayerDraft) -> Drafted:
    """The pair with exactly these layers."""
    draft = draft_of(*layers)
    return finish(draft)


def draft_of(*layers: LayerDraft) -> Draft:
    """The draft of ``image_of``, for further edits."""
    draft = conforming_draft()
    put_layers(draft, *layers)
    history = [{"created_by": f"layer {number}"} for number in range(len(layers))]
    draft.plain_config["history"], draft.sentinel_config["history"] = history, deepcopy(history)
    return draft


def edit_index(made: Drafted, edit: Callable[[Json], object]) -> Drafted:
    """The image with its index edited as JSON."""
    index = json.loads(made.root)
    edit(index)
    return Drafted(made.blobs, encode(index))


def insert_image(draft: Draft, manifest: Json, config: Json, platform: Json) -> None:
    """Insert another image, named ``other``, before those of the pair."""
    draft.extra["other"] = (manifest, config)
    draft.entries.insert(0, {"of": "other", "platform": platform})


def put_layers(draft: Draft, *layers: LayerDraft) -> None:
    """Let both variants have exactly these layers."""
    _replace_layers(draft, 0, [finish_layer(layer) for layer in layers])


def _replace_layers(draft: Draft, keep: int, layers: Sequence[DraftedLayer]) -> None:
    for layer in layers:
        draft.blobs[layer.descriptor["digest"]] = layer.blob
    for manifest, config, first in (
        (draft.plain, draft.plain_config, keep),
        (draft.sentinel, draft.sentinel_config, keep + 1),
    ):
        manifest["layers"][first:] = [deepcopy(layer.descriptor) for layer in layers]
        config["rootfs"]["diff_ids"][first:] = [layer.diff_id for layer in layers]


def plain_image_of(*layers: LayerDraft) -> Drafted:
    """The plain manifest alone, with these layers."""
    made = image_of(*layers)
    digest = json.loads(made.root)["manifests"][0]["digest"]
    return Drafted(made.blobs, made.blobs[digest])
