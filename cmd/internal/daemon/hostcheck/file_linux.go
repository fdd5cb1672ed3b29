package hostcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

func (c *checker) file(f pipeline.File) {
	c.once("file "+f.Path, func() []Finding {
		if f.Writes {
			return one(c.asUserToo(func() Finding { return writable(f.Path) }))
		}
		if f.Optional && len(match(f.Path)) == 0 {
			return nil
		}
		return one(c.asUserToo(func() Finding { return readable(f.Path) }))
	})
}

// match returns the files that are at a path, or that a pattern stands for.
func match(path string) []string {
	names, _ := filepath.Glob(path) // a bad pattern is a mistake of the configuration
	return names
}

// scarce is the free space below which a capture file is not likely to last.
const scarce = 64 << 20

// writable looks whether a file can be made and renamed in its folder. Access rights
// count as the thread has them now.
func writable(path string) Finding {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return Finding{Level: Problem, State: "can't be created: " + cause(err), Advice: "mkdir -p " + dir}
	case !info.IsDir():
		return Finding{Level: Problem, State: "can't be created: " + dir + " is not a folder"}
	}
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return Finding{
			Level: Problem, State: fmt.Sprintf("can't be created in %s: %v", dir, err),
			Advice: "give the user that pmtud runs as write permission there",
		}
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err == nil && fs.Bavail*uint64(fs.Bsize) < scarce {
		return Finding{Level: Warning, State: fmt.Sprintf("has %d MiB of free space", fs.Bavail*uint64(fs.Bsize)>>20), Advice: "free some space, or set max_size and keep"}
	}
	return Finding{State: "can be written"}
}

// readable looks whether a file, or each that a pattern stands for, can be read.
func readable(path string) Finding {
	names := []string{path}
	if strings.ContainsAny(path, `*?[\`) {
		names = match(path)
	}
	if len(names) == 0 {
		return Finding{Level: Problem, State: "matches no file"}
	}
	for _, name := range names {
		if err := unix.Faccessat(unix.AT_FDCWD, name, unix.R_OK, unix.AT_EACCESS); err != nil {
			return Finding{Level: Problem, State: fmt.Sprintf("can't be read: %s: %v", name, err)}
		}
	}
	return Finding{State: "can be read"}
}

// cause returns an error without the path, which stands before it already.
func cause(err error) string {
	if path, ok := err.(*os.PathError); ok { //nolint:errorlint // of os.Stat
		return path.Err.Error()
	}
	return err.Error()
}
