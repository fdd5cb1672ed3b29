package soak

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// checkFiles reads all capture files in a folder, of which there are so many at least.
func checkFiles(disk fs.FS, pattern string, least int) error {
	names, err := fs.Glob(disk, pattern)
	if len(names) < least {
		err = errors.Join(err, fmt.Errorf("%d capture files: %v", len(names), names))
	}
	for _, name := range names {
		if e := readFile(disk, name); e != nil {
			err = errors.Join(err, fmt.Errorf("read %s: %w", name, e))
		}
	}
	return err
}

func readFile(disk fs.FS, name string) error {
	f, err := disk.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := capfile.NewReader(f, capfile.ReaderOptions{})
	defer r.Close()
	batch := make([]pipeline.Packet, 256)
	for {
		_, err := r.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// listing returns the files on a disk with their sizes, for messages.
func listing(disk fs.FS) string {
	var text strings.Builder
	err := fs.WalkDir(disk, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintf(&text, "%9d %s\n", info.Size(), path)
		return err
	})
	if err != nil {
		fmt.Fprintln(&text, err)
	}
	return text.String()
}
