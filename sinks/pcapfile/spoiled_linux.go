package pcapfile

import "golang.org/x/sys/unix"

// spoiled reports whether somebody removed the file, so that it has no name any more,
// or made it shorter: behind the gap nobody could read what is written.
func (f *file) spoiled() bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.f.Fd()), &st) == nil && (st.Nlink == 0 || st.Size < f.size)
}
