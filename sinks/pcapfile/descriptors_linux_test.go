package pcapfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// noDescriptors calls f while the process, which is the test's own, can open nothing.
func noDescriptors(t *testing.T, f func()) {
	t.Helper()
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: before.Max}))
	var taken []*os.File
	for {
		null, err := os.Open(os.DevNull)
		if errors.Is(err, unix.EMFILE) {
			break
		}
		must(t, err)
		taken = append(taken, null)
	}
	f()
	for _, null := range taken {
		must(t, null.Close())
	}
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before))
}

// Without a descriptor to read the folder with, rotated files pile up; with one, they
// don't stay.
func TestNoDescriptorsToPrune(t *testing.T) {
	dir, inside := smallDisk(t, "1m")
	if !inside {
		return
	}
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge, s.Keep = 1, 2
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("0", 0))
	noDescriptors(t, func() {
		for i := range 9 {
			mustDeliver(t, sink, packet(fmt.Sprint(i+1), time.Duration(i+1)))
		}
	})
	if n := len(directory(t, dir)); n != 10 {
		t.Errorf("%d files, want all", n)
	}
	mustDeliver(t, sink, packet("9 again", 9))
	closeSink(t, sink)
	got := directory(t, dir)
	if len(got) != 3 || !slices.Equal(got["a.pcap"], []string{"9", "9 again"}) {
		t.Errorf("files %v", got)
	}
}

// Old files that could not be removed for want of descriptors fill the disk.
func TestNoDescriptorsAndDiskFull(t *testing.T) {
	dir, inside := smallDisk(t, "64k")
	if !inside {
		return
	}
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge, s.Keep = 1, 2
	sink := newSink(t, s)
	noDescriptors(t, func() {
		for i := range 40 {
			deliver(sink, packet(fmt.Sprint(i), time.Duration(i)))
		}
	})
	deliver(sink, packet("makes room", 50))
	mustDeliver(t, sink, packet("again", 51), packet("and again", 52))
	closeSink(t, sink)
	if got := directory(t, dir); len(got) != 3 || !slices.Equal(got["a.pcap"], []string{"and again"}) {
		t.Errorf("files %v", got)
	}
}

// A file that can't be made for want of descriptors is made later.
func TestNoDescriptorsToCreate(t *testing.T) {
	dir, inside := smallDisk(t, "64k")
	if !inside {
		return
	}
	in, away := filepath.Join(dir, "in"), filepath.Join(dir, "away")
	must(t, os.Mkdir(in, 0o700))
	sink := newSink(t, settings(filepath.Join(in, "a.pcap")))
	mustDeliver(t, sink, packet("1", 0))
	must(t, os.RemoveAll(in))
	want := []string{"write-error"}
	if diff := cmp.Diff(want, deliver(sink, packet("2", 0))); diff != "" {
		t.Error(diff)
	}
	must(t, os.Mkdir(away, 0o700))
	noDescriptors(t, func() {
		must(t, os.Rename(away, in))
		if diff := cmp.Diff(want, deliver(sink, packet("3", 0))); diff != "" {
			t.Error(diff)
		}
		checkComplaint(t, sink, "create capture file: open "+filepath.Join(in, "a.pcap")+": too many open files")
	})
	mustDeliver(t, sink, packet("4", 0))
	checkComplaint(t, sink, "<nil>")
	closeSink(t, sink)
	if diff := cmp.Diff(map[string][]string{"a.pcap": {"4"}}, directory(t, in)); diff != "" {
		t.Error(diff)
	}
}
