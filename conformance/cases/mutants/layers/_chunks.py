"""Layers with chunks that do not form their files."""

from conformance.cases.mutants.layers._parts import HOLES, SMALL
from conformance.images.layer_draft import LayerDraft, conforming_layer
from conformance.requirements import mutant


@mutant("CHUNK-001", implies=("CHUNK-002",))
def chunk_after_another_file() -> LayerDraft:
    draft = conforming_layer()
    chunk = draft.entry(HOLES, chunk=2)
    draft.toc["entries"].remove(chunk)
    draft.toc["entries"].append(chunk)
    return draft


@mutant("CHUNK-002")
def chunks_with_a_gap() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES, chunk=1)["chunkSize"] -= 1
    return draft


@mutant("CHUNK-002", implies=("CHUNK-009",))
def only_chunk_shorter_than_its_file() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(SMALL)["chunkSize"] = 1
    return draft


@mutant("CHUNK-002", implies=("CHUNK-009",))
def only_chunk_that_begins_later() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(SMALL)["chunkOffset"] = 1
    return draft


@mutant("CHUNK-003")
def digest_of_another_chunk() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES, chunk=2)["chunkDigest"] = draft.entry(HOLES)["chunkDigest"]
    return draft


@mutant("CHUNK-004")
def data_called_zeros() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES, chunk=2)["chunkType"] = "zeros"
    return draft


@mutant("CHUNK-005")
def unknown_chunk_type() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES, chunk=1)["chunkType"] = "hole"
    return draft


@mutant("CHUNK-007")
def chunk_with_a_mode() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES, chunk=1)["mode"] = 0o644
    return draft


@mutant("CHUNK-008")
def chunk_inside_a_frame() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES, chunk=1)["offset"] += 1
    return draft


@mutant("CHUNK-009")
def chunk_fields_on_a_whole_file() -> LayerDraft:
    draft = conforming_layer()
    entry = draft.entry(SMALL)
    entry.update(chunkSize=entry["size"], chunkDigest=entry["digest"])
    return draft
