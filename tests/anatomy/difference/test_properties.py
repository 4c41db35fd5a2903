"""What holds for every layer that our writer makes: both readings agree, and inspect has nothing to remark."""

from hypothesis import given, settings

from conformance.anatomy.difference.duality import compare_readings
from conformance.anatomy.walk import ViewOptions, view_image
from conformance.format.writer import WrittenLayer
from conformance.strategies.trees import layers
from tests.anatomy.images import image_of

Layer = tuple[bytes, WrittenLayer]


@settings(max_examples=60, deadline=None)
@given(layers(max_size=20_000))
def test_both_readings_of_what_is_written_are_the_same(layer: Layer) -> None:
    blob, written = layer
    source = image_of(blob, written.annotations)
    assert compare_readings(source, lambda _: None).is_same
    (view,) = view_image(source, ViewOptions(frames=True, limit=None)).manifests[0].layers
    assert not view.remarks
    assert view.agreement == "footer and annotations agree"
    assert view.frames is not None
    ends = [0, *(frame.end for frame in view.frames.listed.first)]
    assert [frame.offset for frame in view.frames.listed.first] == ends[:-1]
    assert ends[-1] == len(blob)
    assert {frame.holds for frame in view.frames.listed.first} <= {
        "headers",
        "content",
        "zeros",
        "toc",
        "tar-split",
        "footer",
    }


@settings(max_examples=60, deadline=None)
@given(layers(max_size=20_000))
def test_spans_by_the_toc_are_the_frames_that_are_there(layer: Layer) -> None:
    blob, written = layer
    source = image_of(blob, written.annotations)
    views = [
        view_image(source, ViewOptions(frames=frames, limit=None)).manifests[0].layers[0].frames
        for frames in (True, False)
    ]
    read, expected = (
        [(frame.holds, frame.offset, frame.end, frame.name) for frame in view.listed.first] if view else []
        for view in views
    )
    # Between contents there is one frame, and at the end of the archive may be another.
    assert set(read) >= {frame for frame in expected if frame[0] != "headers"}
    assert len(read) - len(expected) in (0, 1)
