package pcapfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// fileMode lets the group read: captures are nobody else's business.
const fileMode = 0o640

// file is the file that is being written. Behind size bytes it holds nothing.
type file struct {
	f       *os.File
	path    string
	size    int64 // bytes, all of whole packets
	packets int

	// Of the first packet.
	first pipeline.Instant // time stamp
	since pipeline.Instant // clock

	link      linklayer.Type // in the header of a pcap file
	linkFixed bool           // by a packet

	interfaces []linklayer.Type // of a pcapng file
}

// createFile makes a file with a header, which must not exist. It has another name
// until the header is in it, so that there never is a file at path that nobody can
// read.
func createFile(path string, e *capfile.Encoder) (*file, error) {
	header := e.AppendHeader(nil, linklayer.Ethernet)
	f, err := draft(path, header)
	if err != nil {
		return nil, withPath(err, path)
	}
	return &file{f: f, path: path, size: int64(len(header)), link: linklayer.Ethernet}, nil
}

// withPath names the file in an error by its path: nobody knows the name that it had at first.
func withPath(err error, path string) error {
	if known, ok := errors.AsType[*os.PathError](err); ok {
		known.Path = path
	}
	return err
}

// draft makes a file in the folder of path, and gives it that name.
func draft(path string, header []byte) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	// A program that was killed may have left one.
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(header); err == nil {
		err = publish(name, path)
	}
	if err != nil {
		_ = f.Close()
		_ = os.Remove(name)
		return nil, err
	}
	return f, nil
}

// link gives a file another name, which must not be taken, on any file system that has
// hard links.
func link(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// write appends the bytes of so many packets. If it fails, some of them may be in the file:
// the caller cuts them off.
func (f *file) write(b []byte, packets int) error {
	if _, err := f.f.WriteAt(b, f.size); err != nil {
		return withPath(err, f.path)
	}
	f.size += int64(len(b))
	f.packets += packets
	return nil
}

// cut removes what is behind size bytes.
func (f *file) cut() error { return withPath(f.f.Truncate(f.size), f.path) }

// fixLink makes link the link type of a pcap file and reports whether it is so.
func (f *file) fixLink(e *capfile.Encoder, link linklayer.Type) (bool, error) {
	if !f.linkFixed && f.link != link {
		if _, err := f.f.WriteAt(e.AppendHeader(nil, link), 0); err != nil {
			return false, fmt.Errorf("write header: %w", withPath(err, f.path))
		}
		f.link = link
	}
	f.linkFixed = true
	return f.link == link, nil
}

// interfaceOf returns the number of a pcapng file's interface, or -1 if there is
// none of the link type.
func (f *file) interfaceOf(link linklayer.Type) int {
	for id, l := range f.interfaces {
		if l == link {
			return id
		}
	}
	return -1
}

// isAt reports whether the file is still the one at path.
func (f *file) isAt(path string) bool {
	own, err := f.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(own, there)
}
