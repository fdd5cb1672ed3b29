package kernels

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// cpio writes an archive that Linux takes as its first root directory, in the format of the
// kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
type cpio struct {
	w     io.Writer
	inode int
}

// entry is the header of a file.
type entry struct {
	name         string // a path
	mode         uint32 // type and permissions, as in stat(2)
	uid, gid     int
	size         int64
	major, minor int64 // of a device
}

// add adds a file with its content, of which there must be as much as the entry says.
func (c *cpio) add(e entry, content io.Reader) error {
	c.inode++
	name := strings.TrimPrefix(e.name, "/")
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		c.inode, e.mode, e.uid, e.gid, 1, 0, e.size, 0, 0, e.major, e.minor, len(name)+1, 0, name)
	if err := c.pad(strings.NewReader(header), int64(len(header))); err != nil {
		return err
	}
	return c.pad(content, e.size)
}

// pad writes size bytes and fills up to a multiple of four.
func (c *cpio) pad(r io.Reader, size int64) error {
	if _, err := io.CopyN(c.w, r, size); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	_, err := c.w.Write(make([]byte, -size&3))
	return err
}

// addFile adds a file of this machine, or a folder without what is in it.
func (c *cpio) addFile(name, from string, permissions uint32) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return c.addFolder(name)
	}
	return c.add(entry{name: name, mode: unix.S_IFREG | permissions, size: info.Size()}, f)
}

func (c *cpio) addFolder(name string) error {
	return c.add(entry{name: name, mode: unix.S_IFDIR | 0o755}, nil)
}

// addTar adds an entry of a tar archive. Hard links become symbolic ones.
func (c *cpio) addTar(h *tar.Header, content io.Reader) error {
	e := entry{
		name: path.Clean("/" + h.Name), uid: h.Uid, gid: h.Gid,
		mode: uint32(h.Mode) & 0o7777, major: h.Devmajor, minor: h.Devminor,
	}
	if e.name == "/" {
		return nil
	}
	link := h.Linkname
	switch h.Typeflag {
	case tar.TypeDir:
		e.mode |= unix.S_IFDIR
	case tar.TypeChar:
		e.mode |= unix.S_IFCHR
	case tar.TypeReg:
		e.mode |= unix.S_IFREG
		e.size = h.Size
	case tar.TypeLink:
		link = path.Clean("/" + link)
		fallthrough
	case tar.TypeSymlink:
		e.mode |= unix.S_IFLNK
		e.size, content = int64(len(link)), strings.NewReader(link)
	default:
		return fmt.Errorf("archive entry %s: type %q: %w", h.Name, h.Typeflag, fs.ErrInvalid)
	}
	return c.add(e, content)
}

// close ends the archive. Another may follow it in the same file.
func (c *cpio) close() error { return c.add(entry{name: "TRAILER!!!"}, bytes.NewReader(nil)) }
