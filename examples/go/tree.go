// SPDX-License-Identifier: 0BSD OR CC0-1.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// treeOf lists what was staged, by the names of the TOC (docs/vectors.md: tree_sha256).
func treeOf(root string, toc []byte) (string, error) {
	var table struct{ Entries []struct{ Name, Type string } }
	if err := json.Unmarshal(toc, &table); err != nil {
		return "", err
	}
	lines := map[string]string{}
	for _, entry := range table.Entries {
		name := strings.TrimPrefix(path.Clean("/"+entry.Name), "/")
		if entry.Type == "chunk" || name == "" {
			continue
		}
		line, err := lineOf(filepath.Join(root, name), name)
		if errors.Is(err, os.ErrNotExist) && (entry.Type == "char" || entry.Type == "block" || entry.Type == "fifo") {
			return "", nil // pkg/chunked stages no devices: no statement on the tree
		}
		if err != nil {
			return "", err
		}
		lines[name] = line
	}
	names := make([]string, 0, len(lines))
	for name := range lines {
		names = append(names, name)
	}
	sort.Strings(names)
	sum := sha256.New()
	for _, name := range names {
		sum.Write([]byte(lines[name]))
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

func lineOf(file, name string) (string, error) {
	var found unix.Stat_t
	if err := unix.Lstat(file, &found); err != nil {
		return "", err
	}
	kind, value := "", "-"
	switch found.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(content)
		kind, value = "reg", hex.EncodeToString(sum[:])
	case unix.S_IFDIR:
		kind = "dir"
	case unix.S_IFLNK:
		target, err := os.Readlink(file)
		if err != nil {
			return "", err
		}
		kind, value = "symlink", hex.EncodeToString([]byte(target))
	case unix.S_IFCHR:
		kind, value = "char", device(found.Rdev)
	case unix.S_IFBLK:
		kind, value = "block", device(found.Rdev)
	case unix.S_IFIFO:
		kind = "fifo"
	}
	mode := found.Mode & 0o7777
	if kind == "symlink" {
		mode = 0o777
	}
	xattrs, err := xattrsOf(file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s %o %d %d %s %s\n", hex.EncodeToString([]byte(name)), kind, mode, found.Uid, found.Gid, value, xattrs), nil
}

func device(number uint64) string {
	return fmt.Sprintf("%d:%d", unix.Major(number), unix.Minor(number))
}

func xattrsOf(file string) (string, error) {
	buffer := make([]byte, 64*1024)
	size, err := unix.Llistxattr(file, buffer)
	if errors.Is(err, unix.ENOTSUP) {
		return "-", nil
	}
	if err != nil {
		return "", err
	}
	var found []string
	for _, name := range strings.Split(strings.Trim(string(buffer[:size]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 64*1024)
		length, err := unix.Lgetxattr(file, name, value)
		if err != nil {
			return "", err
		}
		found = append(found, hex.EncodeToString([]byte(name))+"="+hex.EncodeToString(value[:length]))
	}
	if len(found) == 0 {
		return "-", nil
	}
	sort.Strings(found)
	return strings.Join(found, ","), nil
}
