// SPDX-License-Identifier: 0BSD OR CC0-1.0

// An example runner for the vectors: the published module go.podman.io/storage, which podman, buildah, skopeo and CRI-O
// pull zstd:chunked layers with.
//
//	cd fixtures/vectors && runner < index.json > results.jsonl
//
// It stages each layer by the differ of pkg/chunked, as a partial pull does, and compares the digest that the differ
// computes with the DiffID, as go.podman.io/image does. The module reads layers: cases of other kinds are skipped.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/sirupsen/logrus"
	graphdriver "go.podman.io/storage/drivers"
	"go.podman.io/storage/pkg/archive"
	"go.podman.io/storage/pkg/chunked"
)

type vector struct {
	ID, Kind string
	Input    struct {
		Root       string
		Descriptor struct {
			Size        int64
			Annotations map[string]string
		}
		DiffID string `json:"diff_id"`
	}
}

type answer struct {
	ID         string `json:"id"`
	Outcome    string `json:"outcome"`
	Stage      string `json:"stage,omitempty"`
	Reason     string `json:"reason,omitempty"`
	TreeSHA256 string `json:"tree_sha256,omitempty"`
}

func main() {
	logrus.SetLevel(logrus.PanicLevel)
	var index struct{ Cases []vector }
	if err := json.NewDecoder(os.Stdin).Decode(&index); err != nil {
		fail(err)
	}
	scratch, err := os.MkdirTemp("", "vectors-")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(scratch)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for number, each := range index.Cases {
		line, err := json.Marshal(judge(each, filepath.Join(scratch, fmt.Sprint(number))))
		if err != nil {
			fail(err)
		}
		out.Write(append(line, '\n'))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func judge(given vector, directory string) (result answer) {
	result.ID = given.ID
	if given.Kind != "layer" {
		result.Outcome, result.Reason = "skipped", "go.podman.io/storage reads layers"
		return result
	}
	defer func() {
		if problem := recover(); problem != nil {
			result.Outcome, result.Stage, result.Reason = "crashed", "", clipped(fmt.Sprint(problem))
		}
	}()
	tree, err := pull(given, directory)
	if err != nil {
		result.Outcome, result.Stage, result.Reason = "refused", stageOf(err), clipped(err.Error())
		return result
	}
	result.Outcome, result.TreeSHA256 = "accepted", tree
	return result
}

// pull stages the layer in a new directory and removes it again; the sha256 of the tree when this process may set owners.
func pull(given vector, directory string) (string, error) {
	blob, err := os.ReadFile(filepath.Join("blobs", "sha256", strings.TrimPrefix(given.Input.Root, "sha256:")))
	if err != nil {
		fail(err)
	}
	wanted := given.Input.Descriptor
	size := int64(len(blob))
	differ, err := chunked.NewDiffer(
		context.Background(), store{}, digest.Digest(given.Input.Root), size, wanted.Annotations, source(blob))
	if err != nil {
		return "", err
	}
	defer differ.Close()
	if err := os.MkdirAll(filepath.Join(directory, "dir"), 0o700); err != nil {
		fail(err)
	}
	defer os.RemoveAll(directory)
	options := graphdriver.DifferOptions{Format: graphdriver.DifferOutputFormatDir, StagingDirectory: directory}
	target := filepath.Join(directory, "dir")
	isRoot := os.Getuid() == 0
	staged, err := differ.ApplyDiff(target, &archive.TarOptions{IgnoreChownErrors: !isRoot}, &options)
	if staged.TarSplit != nil {
		defer staged.TarSplit.Close()
	}
	if err != nil {
		return "", err
	}
	if staged.UncompressedDigest.String() != given.Input.DiffID {
		return "", errDiffID
	}
	if !isRoot {
		return "", nil
	}
	return treeOf(target, staged.BigData["zstd-chunked-manifest"])
}

var errDiffID = errors.New("the digest of the reassembled tar is not the DiffID")

// stages are the words by which the module says where it was; the first that occurs counts.
var stages = []struct{ word, stage string }{
	{"unmarshaling TOC", "toc"},
	{"annotation", "annotation"},
	{"invalid checksum digest", "annotation"},
	{"invalid manifest type", "annotation"},
	{"both zstd:chunked and eStargz", "annotation"},
	{"no TOC found", "annotation"},
	{"layers without tar-split", "annotation"},
	{"parsing", "annotation"},
	{"expected integer", "annotation"},
	{"the blob has no", "annotation"},
	{"decompressing TOC", "annotation"},
	{"decompressing tar-split", "tarsplit"},
	{"tar-split", "tarsplit"},
	{"uncompressed stream", "tarsplit"},
	{"checksum mismatch", "chunk"},
	{"not enough data", "chunk"},
	{"copy content", "chunk"},
	{"magic number", "chunk"},
	{errDiffID.Error(), "tarsplit"},
	{"TOC", "toc"},
}

func stageOf(err error) string {
	for _, known := range stages {
		if strings.Contains(err.Error(), known.word) {
			return known.stage
		}
	}
	return "toc"
}

func clipped(text string) string {
	if len(text) > 300 {
		return text[:300]
	}
	return text
}
