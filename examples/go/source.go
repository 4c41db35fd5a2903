// SPDX-License-Identifier: 0BSD OR CC0-1.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"go.podman.io/storage"
	graphdriver "go.podman.io/storage/drivers"
	"go.podman.io/storage/pkg/chunked"
)

// source is a blob that is read by ranges.
type source []byte

// GetBlobAt hands out a stream for each chunk, one after the other: the differ takes a closed channel of errors for the
// end, so neither is closed before the last stream was taken.
func (blob source) GetBlobAt(chunks []chunked.ImageSourceChunk) (chan io.ReadCloser, chan error, error) {
	for _, chunk := range chunks {
		if size := uint64(len(blob)); chunk.Offset > size || chunk.Length > size-chunk.Offset {
			return nil, nil, fmt.Errorf("the blob has no %d bytes at %d", chunk.Length, chunk.Offset)
		}
	}
	streams, errs := make(chan io.ReadCloser), make(chan error)
	go func() {
		defer close(streams)
		defer close(errs)
		for _, chunk := range chunks {
			streams <- io.NopCloser(bytes.NewReader(blob[chunk.Offset : chunk.Offset+chunk.Length]))
		}
	}()
	return streams, errs, nil
}

// store is an empty store: what the differ asks of one, and nothing else.
type store struct{ storage.Store }

func (store) PullOptions() map[string]string {
	return map[string]string{"enable_partial_images": "true"}
}
func (store) RunRoot() string                          { return os.TempDir() }
func (store) Layers() ([]storage.Layer, error)         { return nil, nil }
func (store) GraphDriver() (graphdriver.Driver, error) { return driver{}, nil }

// driver is one that takes partial pulls; the runner calls the differ itself.
type driver struct{ graphdriver.DriverWithDiffer }
