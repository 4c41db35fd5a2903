// zcc-grype-db DIRECTORY writes a database without a vulnerability, as grype reads it, so that grype runs without
// the internet: it lists the packages of an image whether or not the database knows any of them.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/anchore/grype/grype/db/v6"
	"github.com/spf13/afero"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: zcc-grype-db DIRECTORY")
		os.Exit(2)
	}
	if err := write(filepath.Join(os.Args[1], fmt.Sprint(v6.ModelVersion))); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func write(directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	database, err := v6.NewWriter(v6.Config{DBDirPath: directory, CacheSizeKiB: 1024})
	if err != nil {
		return err
	}
	if err := database.SetDBMetadata(); err != nil {
		return err
	}
	now := time.Now()
	if err := database.AddProvider(v6.Provider{ID: "none", Version: "1", DateCaptured: &now}); err != nil {
		return err
	}
	if err := database.Close(); err != nil {
		return err
	}
	_, err = v6.WriteImportMetadata(afero.NewOsFs(), directory, "zcc-grype-db")
	return err
}
