// A reader of the panel: Go's archive/tar. The protocol is in ../README.md.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

const xattrPrefix = "SCHILY.xattr."

var errTooLarge = errors.New("more content than the archive can hold")

type answer struct {
	Members [][]any `json:"members"`
	Refused *string `json:"refused,omitempty"`
}

var types = map[byte]string{
	tar.TypeReg: "reg", tar.TypeLink: "hardlink", tar.TypeSymlink: "symlink", tar.TypeChar: "char",
	tar.TypeBlock: "block", tar.TypeDir: "dir", tar.TypeFifo: "fifo",
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	greeting, _ := json.Marshal([]map[string]string{{"name": "Go archive/tar", "version": runtime.Version()[2:], "op": "tar"}})
	out.Write(append(greeting, '\n'))
	for {
		out.Flush()
		content, err := request(in)
		if err != nil {
			return
		}
		line, _ := json.Marshal([]answer{read(content)})
		out.Write(append(line, '\n'))
	}
}

func request(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	var op string
	var size int
	if _, err := fmt.Sscanf(line, "%s %d", &op, &size); err != nil {
		return nil, err
	}
	content := make([]byte, size)
	_, err = io.ReadFull(in, content)
	return content, err
}

func read(content []byte) answer {
	reader := tar.NewReader(bytes.NewReader(content))
	result := answer{Members: [][]any{}}
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return result
		}
		if err == nil && header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		var digest any
		if err == nil {
			digest, err = digestOf(reader, 2*int64(len(content))+1<<20)
		}
		if err != nil {
			message := err.Error()
			result.Refused = &message
			return result
		}
		result.Members = append(result.Members, member(header, digest))
	}
}

func digestOf(reader io.Reader, limit int64) (any, error) {
	hash := sha256.New()
	count, err := io.Copy(hash, io.LimitReader(reader, limit))
	if err != nil || count == 0 {
		return nil, err
	}
	if count == limit {
		return nil, errTooLarge
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func member(header *tar.Header, digest any) []any {
	kind, known := types[header.Typeflag]
	if !known {
		kind = "other:" + string(rune(header.Typeflag))
	}
	xattrs := map[string]string{}
	for key, value := range header.PAXRecords {
		if strings.HasPrefix(key, xattrPrefix) {
			xattrs[text(key[len(xattrPrefix):])] = text(value)
		}
	}
	return []any{
		text(header.Name), kind, header.Size, header.Mode, header.Uid, header.Gid, text(header.Linkname),
		header.ModTime.Unix(), text(header.Uname), text(header.Gname), xattrs, digest,
	}
}

func text(value string) string { return hex.EncodeToString([]byte(value)) }
