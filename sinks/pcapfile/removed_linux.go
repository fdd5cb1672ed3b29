package pcapfile

import "golang.org/x/sys/unix"

// removed reports whether the file has no name any more.
func (f *file) removed() bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.f.Fd()), &st) == nil && st.Nlink == 0
}
