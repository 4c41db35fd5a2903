// A reader of the panel: what clients of zstd:chunked run, the published module go.podman.io/storage (pkg/chunked).
// It decodes the TOC and compares it with the tar-split. The protocol is in ../README.md; the operation is "layer", its
// argument the annotations of the layer as JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"
	"unsafe"

	"github.com/opencontainers/go-digest"
	"go.podman.io/storage/pkg/chunked"
	"go.podman.io/storage/pkg/chunked/toc"
)

const module = "go.podman.io/storage"

// The module does not export it; its differ calls it before anything is written.
//
//go:linkname readManifest go.podman.io/storage/pkg/chunked.readZstdChunkedManifest
func readManifest(tmpDir string, blob chunked.ImageSourceSeekable, tocDigest digest.Digest, annotations map[string]string, compressed bool) ([]byte, unsafe.Pointer, *os.File, int64, error)

// table has the layout of the module's internal type TOC, at the version in go.mod.
type table struct {
	Version        int
	Entries        []entry
	TarSplitDigest digest.Digest
}

type entry struct {
	Type, Name, Linkname            string
	Mode, Size                      int64
	UID, GID                        int
	ModTime, AccessTime, ChangeTime *time.Time
	Devmajor, Devminor              int64
	Xattrs                          map[string]string
	Digest                          string
	Offset, EndOffset               int64
	ChunkSize, ChunkOffset          int64
	ChunkDigest, ChunkType          string
}

type answer struct {
	Members [][]any `json:"members"`
	Refused *string `json:"refused,omitempty"`
}

type source []byte

func (blob source) GetBlobAt(chunks []chunked.ImageSourceChunk) (chan io.ReadCloser, chan error, error) {
	streams, errs := make(chan io.ReadCloser, len(chunks)), make(chan error, len(chunks))
	defer close(streams)
	defer close(errs)
	for _, chunk := range chunks {
		size := uint64(len(blob))
		if chunk.Offset > size || chunk.Length > size-chunk.Offset {
			errs <- fmt.Errorf("the blob has no %d bytes at %d", chunk.Length, chunk.Offset)
			return streams, errs, nil
		}
		streams <- io.NopCloser(bytes.NewReader(blob[chunk.Offset : chunk.Offset+chunk.Length]))
	}
	return streams, errs, nil
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	greeting, _ := json.Marshal([]map[string]string{{"name": "containers-storage (TOC)", "version": version(), "op": "layer"}})
	out.Write(append(greeting, '\n'))
	for {
		out.Flush()
		blob, annotations, err := request(in)
		if err != nil {
			return
		}
		line, _ := json.Marshal([]answer{read(blob, annotations)})
		out.Write(append(line, '\n'))
	}
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return "unknown"
}

func request(in *bufio.Reader) ([]byte, map[string]string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	var op, argument string
	var size int
	if _, err := fmt.Sscanf(line, "%s %d %s", &op, &size, &argument); err != nil {
		return nil, nil, err
	}
	blob := make([]byte, size)
	if _, err := io.ReadFull(in, blob); err != nil {
		return nil, nil, err
	}
	raw, err := hex.DecodeString(argument)
	if err != nil {
		return nil, nil, err
	}
	annotations := map[string]string{}
	return blob, annotations, json.Unmarshal(raw, &annotations)
}

func read(blob []byte, annotations map[string]string) (result answer) {
	result.Members = [][]any{}
	refuse := func(message string) answer {
		result.Refused = &message
		return result
	}
	tocDigest, err := toc.GetTOCDigest(annotations)
	if err != nil {
		return refuse(err.Error())
	}
	if tocDigest == nil {
		return refuse("no digest of a TOC")
	}
	_, found, split, _, err := readManifest(os.TempDir(), source(blob), *tocDigest, annotations, true)
	if split != nil {
		defer split.Close()
	}
	if err != nil {
		return refuse(err.Error())
	}
	for _, one := range (*table)(found).Entries {
		if one.Type != "chunk" {
			result.Members = append(result.Members, member(one))
		}
	}
	return result
}

func member(one entry) []any {
	xattrs := map[string]string{}
	for key, value := range one.Xattrs {
		raw, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			raw = []byte("not base64: " + value)
		}
		xattrs[text(key)] = hex.EncodeToString(raw)
	}
	var digest, mtime any
	if one.Digest != "" && one.Size != 0 {
		digest = strings.TrimPrefix(one.Digest, "sha256:")
	}
	if one.ModTime != nil {
		mtime = one.ModTime.Unix()
	}
	return []any{
		text(one.Name), one.Type, one.Size, one.Mode, one.UID, one.GID, text(one.Linkname), mtime, nil, nil, xattrs, digest,
	}
}

func text(value string) string { return hex.EncodeToString([]byte(value)) }
