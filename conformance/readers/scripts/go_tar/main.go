// Lists a tar file with Go's archive/tar: one name a line, exit 0 when it was read to its end.
package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

func main() {
	if os.Args[1] == "--version" {
		fmt.Println(runtime.Version())
		return
	}
	if err := list(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "rejected:", err)
		os.Exit(1)
	}
}

func list(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := tar.NewReader(file)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Println(header.Name)
	}
}
