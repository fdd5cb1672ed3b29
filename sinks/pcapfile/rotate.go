package pcapfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// stampLayout is that of the time stamps in names.
const stampLayout = "20060102T150405.000000000"

// rotation renames files and removes old ones.
type rotation struct {
	path string
	keep int // 0 for all

	renamed []string // names of the last files that it renamed, at most those to keep
}

// rename gives the file at path the name of a time stamp.
func (r *rotation) rename(stamp pipeline.Instant) error {
	name, err := r.free(stamp)
	if err == nil {
		err = os.Rename(r.path, name)
	}
	if err != nil {
		return fmt.Errorf("rotate file: %w", err)
	}
	r.renamed = append(r.renamed, filepath.Base(name))
	r.renamed = r.renamed[max(0, len(r.renamed)-r.keep):]
	return nil
}

// free returns the first name from stamp on that is not taken.
func (r *rotation) free(stamp pipeline.Instant) (string, error) {
	stem, ext := r.split()
	for ; ; stamp++ {
		name := stem + stamp.Time().Format(stampLayout) + ext
		_, err := os.Lstat(name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return name, nil
		case err != nil: // the next one would not do either
			return "", err
		}
	}
}

// split returns what is in front of the time stamp, and the path's ending.
func (r *rotation) split() (stem, ext string) {
	ext = filepath.Ext(r.path)
	return strings.TrimSuffix(r.path, ext) + "-", ext
}

// prune removes the oldest renamed files beyond the number to keep.
func (r *rotation) prune() error {
	if r.keep == 0 {
		return nil
	}
	entries, err := os.ReadDir(filepath.Dir(r.path))
	if err != nil {
		return fmt.Errorf("find rotated files: %w", err)
	}
	var names []string
	for _, e := range entries {
		if r.isRotated(e.Name()) {
			names = append(names, e.Name())
		}
	}
	r.sort(names)
	var errs []error
	for _, name := range names[:max(0, len(names)-r.keep)] {
		errs = append(errs, os.Remove(filepath.Join(filepath.Dir(r.path), name)))
	}
	return errors.Join(errs...)
}

// sort sorts names of renamed files by age, the oldest first: by the time stamps in
// them, but for the last ones, of which it is known. The clock may have been set back.
func (r *rotation) sort(names []string) {
	order := make(map[string]int, len(r.renamed)) // from 1 on
	for i, name := range r.renamed {
		order[name] = i + 1
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(order[a]-order[b], strings.Compare(a, b))
	})
}

func (r *rotation) isRotated(name string) bool {
	stem, ext := r.split()
	stamp, ok := strings.CutPrefix(name, filepath.Base(stem))
	if !ok || !strings.HasSuffix(stamp, ext) {
		return false
	}
	stamp = strings.TrimSuffix(stamp, ext)
	_, err := time.Parse(stampLayout, stamp)
	return err == nil && len(stamp) == len(stampLayout)
}

// clear makes room at path: it renames a file with packets and removes one that
// holds nothing but a header.
func (r *rotation) clear(header []byte) error {
	info, err := os.Lstat(r.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("create %s: something that is not a regular file is in the way", r.path)
	}
	empty, err := r.isEmpty(info.Size(), header)
	if err != nil {
		return err
	}
	if empty {
		return os.Remove(r.path)
	}
	return r.rename(r.firstStamp(info))
}

// isEmpty reports whether the file is empty or a capture without packets.
func (r *rotation) isEmpty(size int64, header []byte) (bool, error) {
	if size != 0 && size != int64(len(header)) {
		return false, nil
	}
	f, err := os.Open(r.path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, int64(len(header))))
	if err != nil {
		return false, err
	}
	// The link type in the last bytes of a pcap header does not count.
	const linkLen = 4
	n := max(0, len(content)-linkLen)
	return bytes.Equal(content[:n], header[:n]), nil
}

// firstStamp returns the time stamp of the file's first packet, or when it was last
// changed.
func (r *rotation) firstStamp(info os.FileInfo) pipeline.Instant {
	old, err := capfile.Open(r.path, capfile.ReaderOptions{})
	if err != nil {
		return pipeline.InstantOf(info.ModTime())
	}
	defer old.Close()
	var first [1]pipeline.Packet
	if _, err := old.ReadBatch(first[:]); err != nil {
		return pipeline.InstantOf(info.ModTime())
	}
	return first[0].Time
}
