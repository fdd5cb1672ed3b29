package pcapfile_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// refuse calls f on a thread of its own on which the kernel refuses system calls.
func refuse(t *testing.T, errno unix.Errno, calls []uint32, f func()) {
	t.Helper()
	filter := []bpf.Instruction{bpf.LoadAbsolute{Off: 0, Size: 4}} // the number, in struct seccomp_data
	for _, call := range calls {
		filter = append(filter,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1},
			bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		)
	}
	filter = append(filter, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the filter stays
		err := netns.FilterCalls(filter)
		if err == nil {
			f()
		}
		done <- err
	}()
	must(t, <-done)
}

// A file system or a kernel that can't rename without replacing has hard links instead. What
// else the kernel says against a new file is told.
func TestWithoutRenameat2(t *testing.T) {
	for _, tc := range []struct {
		errno unix.Errno
		want  string // error of open, behind the two names
	}{
		{unix.EINVAL, ""},
		{unix.ENOSYS, ""},
		{unix.EACCES, ": permission denied"},
	} {
		t.Run(unix.ErrnoName(tc.errno), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.pcap")
			want := map[string][]string{}
			refuse(t, tc.errno, []uint32{unix.SYS_RENAMEAT2}, func() {
				sink, err := build(settings(path), nil)
				if err == nil {
					err = sink.Open(t.Context())
				}
				switch {
				case tc.want == "" && err == nil:
					want["a.pcap"] = []string{"one"}
					mustDeliver(t, sink, packet("one", 0))
					closeSink(t, sink)
				case err == nil || err.Error() != "rename "+dir+"/.a.pcap.new "+path+tc.want:
					t.Errorf("open: %v", err)
				}
			})
			if diff := cmp.Diff(want, directory(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A write that fails leaves nothing in the file. If that can't be cut, the file is left alone and
// the next one begins.
func TestWriteFails(t *testing.T) {
	for _, tc := range []struct {
		name  string
		calls []uint32
		age   time.Duration // of the last packet
		want  map[string][]string
	}{
		{"write", []uint32{unix.SYS_PWRITE64}, 0, map[string][]string{"a.pcap": {"one", "three"}}},
		{"write and cut", []uint32{unix.SYS_PWRITE64, unix.SYS_FTRUNCATE}, 0, map[string][]string{
			"a-20260102T030405.000006000.pcap": {"one"},
			"a.pcap":                           {"three"},
		}},
		{"write, when it rotates", []uint32{unix.SYS_PWRITE64}, time.Second, map[string][]string{
			"a-20260102T030405.000006000.pcap": {"one"},
			"a.pcap":                           {"three"},
		}},
		{"write and cut, when it rotates", []uint32{unix.SYS_PWRITE64, unix.SYS_FTRUNCATE}, time.Second, map[string][]string{
			"a-20260102T030405.000006000.pcap": {"one"},
			"a.pcap":                           {"three"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			dir := t.TempDir()
			path := filepath.Join(dir, "a.pcap")
			s := settings(path)
			s.MaxAge = time.Second
			sink, err := build(s, slog.New(slog.NewTextHandler(&log, nil)))
			must(t, err)
			must(t, sink.Open(t.Context()))
			mustDeliver(t, sink, packet("one", 0))
			refuse(t, unix.EIO, tc.calls, func() {
				if diff := cmp.Diff([]string{"write-error", "write-error"}, deliver(sink, packet("two", 0), packet("too", tc.age))); diff != "" {
					t.Error(diff)
				}
			})
			checkComplaint(t, sink, "write capture file: write "+path+": input/output error")
			mustDeliver(t, sink, packet("three", 0))
			checkComplaint(t, sink, "<nil>")
			closeSink(t, sink)
			if diff := cmp.Diff(tc.want, directory(t, dir)); diff != "" {
				t.Error(diff)
			}
			if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `msg="write capture file"`) {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

// The header of a pcap file gets the link type of its first packet.
func TestWriteHeaderFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	sink := newSink(t, settings(path))
	refuse(t, unix.EIO, []uint32{unix.SYS_PWRITE64}, func() {
		if diff := cmp.Diff([]string{"write-error"}, deliver(sink, cooked("one"))); diff != "" {
			t.Error(diff)
		}
	})
	checkComplaint(t, sink, "write capture file: write header: write "+path+": input/output error")
	mustDeliver(t, sink, cooked("two"))
	checkComplaint(t, sink, "<nil>")
	closeSink(t, sink)
	if diff := cmp.Diff([]string{"two"}, contents(t, path)); diff != "" {
		t.Error(diff)
	}
}
