package pcapfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

// insideVariable is set where a test runs in namespaces of its own.
const insideVariable = "PCAPFILE_TEST_INSIDE"

// smallDisk returns an empty directory on a file system of so many bytes. It calls
// the test again in a user and a mount namespace, and reports false in the outer one.
func smallDisk(t *testing.T, size string) (dir string, inside bool) {
	t.Helper()
	if os.Getenv(insideVariable) == "" {
		runInside(t)
		return "", false
	}
	dir = t.TempDir()
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size))
	t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
	return dir, true
}

func runInside(t *testing.T) {
	t.Helper()
	test := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	test.Env = append(os.Environ(), insideVariable+"=true")
	test.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   unix.SIGKILL,
	}
	out, err := test.CombinedOutput()
	switch {
	case err == nil:
	case !errors.Is(err, fs.ErrPermission) && !errors.Is(err, unix.ENOSPC):
		t.Errorf("%v\n%s", err, out)
	case os.Getenv("CI") == "true":
		t.Errorf("no user namespaces, and CI is true: %v", err)
	default:
		t.Skipf("no user namespaces: %v", err)
	}
}

// On a full disk the file stays readable, what is not in it is counted, and when
// there is room again, all goes on.
func TestDiskFull(t *testing.T) {
	for _, name := range []string{"a.pcap", "a.pcapng"} {
		dir, inside := smallDisk(t, "64k")
		if !inside {
			return
		}
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 20<<10), 0o600))
		sink := newSink(t, settings(path))
		var want []string
		full := 0
		for i := range 100 {
			batch := numbered(i)
			reasons := deliver(sink, batch...)
			for k, reason := range reasons {
				switch reason {
				case "":
					want = append(want, string(batch[k].Data))
				case "disk-full":
					full++
				default:
					t.Fatalf("got %s", reason)
				}
			}
			if diff := cmp.Diff(want, contents(t, path)); diff != "" {
				t.Fatalf("%s after batch %d: %s", name, i, diff)
			}
		}
		if full < 10 || len(want) < 10 {
			t.Errorf("%d packets failed, %d did not", full, len(want))
		}
		must(t, os.Remove(filepath.Join(dir, "filler")))
		mustDeliver(t, sink, packet("again", 0), cookedLike(name, "and again"))
		closeSink(t, sink)
		want = append(want, "again", "and again")
		if diff := cmp.Diff(want, contents(t, path)); diff != "" {
			t.Error(diff)
		}
	}
}

// A file that can't be renamed, here because something is mounted on it, is used on, and
// the sink says so until it can be rotated again.
func TestRotationFails(t *testing.T) {
	dir, inside := smallDisk(t, "1m")
	if !inside {
		return
	}
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge = time.Second
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0))
	must(t, unix.Mount(s.Path, s.Path, "", unix.MS_BIND, ""))
	mustDeliver(t, sink, packet("2", time.Second), packet("3", 2*time.Second))
	mustDeliver(t, sink, packet("4", 3*time.Second))
	if got := fmt.Sprint(sink.(pipeline.HealthChecker).Health()); !strings.HasPrefix(got, "rotate capture file: ") || !strings.HasSuffix(got, ": device or resource busy") {
		t.Errorf("complaint %q", got)
	}
	checkFailedRotations(t, sink, 2) // one for each batch
	must(t, unix.Unmount(s.Path, 0))
	mustDeliver(t, sink, packet("5", 4*time.Second))
	checkComplaint(t, sink, "<nil>")
	checkFailedRotations(t, sink, 2)
	closeSink(t, sink)
	want := map[string][]string{"a-20260102T030405.000006000.pcap": {"1", "2", "3", "4"}, "a.pcap": {"5"}}
	if diff := cmp.Diff(want, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Old files that can't be removed, here because something is mounted on one, are more than
// are to be kept.
func TestRemovalFails(t *testing.T) {
	dir, inside := smallDisk(t, "1m")
	if !inside {
		return
	}
	old := filepath.Join(dir, "a-20250102T030405.000000000.pcap")
	must(t, os.WriteFile(old, nil, 0o600))
	must(t, unix.Mount(old, old, "", unix.MS_BIND, ""))
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge, s.Keep = time.Second, 1
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0), packet("2", time.Second))
	checkComplaint(t, sink, "remove old capture files: remove "+old+": device or resource busy")
	must(t, unix.Unmount(old, 0))
	mustDeliver(t, sink, packet("3", time.Second))
	checkComplaint(t, sink, "<nil>")
	closeSink(t, sink)
}

func checkFailedRotations(t *testing.T, s pipeline.Sink, want float64) {
	t.Helper()
	got := -1.0
	s.(pipeline.Measurer).Measure(func(_ int, _ string, value float64) { got = value })
	if got != want {
		t.Errorf("%v failed rotations, want %v", got, want)
	}
}

// numbered makes packets that are all different, of different lengths.
func numbered(batch int) []*pipeline.Packet {
	var packets []*pipeline.Packet
	for i := range 1 + batch%7 {
		name := strings.Repeat(string(rune('a'+i)), 100+batch*13%900)
		packets = append(packets, packet(name, time.Duration(batch)))
	}
	return packets
}

// cookedLike makes a packet of another link type if the file can hold it.
func cookedLike(name, data string) *pipeline.Packet {
	if strings.HasSuffix(name, "ng") {
		return cooked(data)
	}
	return packet(data, 0)
}

// A pcapng interface that found no room is described when there is some.
func TestDiskFullInterface(t *testing.T) {
	dir, inside := smallDisk(t, "64k")
	if !inside {
		return
	}
	path, filler := filepath.Join(dir, "a.pcapng"), filepath.Join(dir, "filler")
	sink := newSink(t, settings(path))
	mustDeliver(t, sink, packet(strings.Repeat("x", 4096-40-32-32-50), 0)) // nearly a page
	fillDisk(t, filler)
	for range 3 {
		if diff := cmp.Diff([]string{"disk-full"}, deliver(sink, cooked("no room"))); diff != "" {
			t.Error(diff)
		}
	}
	must(t, os.Remove(filler))
	mustDeliver(t, sink, cooked("room"))
	closeSink(t, sink)
	if got := contents(t, path); len(got) != 2 || got[1] != "room" {
		t.Errorf("got %d packets", len(got))
	}
}

// A disk that is full from the beginning does not keep the sink from opening.
func TestDiskFullAtOpen(t *testing.T) {
	dir, inside := smallDisk(t, "64k")
	if !inside {
		return
	}
	path, filler := filepath.Join(dir, "a.pcap"), filepath.Join(dir, "filler")
	fillDisk(t, filler)
	sink := newSink(t, settings(path))
	checkComplaint(t, sink, "create capture file: write "+path+": no space left on device")
	if files := directoryNames(t, dir); !slices.Equal(files, []string{"filler"}) {
		t.Errorf("files %q", files)
	}
	if diff := cmp.Diff([]string{"disk-full", "disk-full"}, deliver(sink, packet("1", 0), packet("2", 0))); diff != "" {
		t.Error(diff)
	}
	must(t, os.Remove(filler))
	mustDeliver(t, sink, packet("3", 0))
	checkComplaint(t, sink, "<nil>")
	closeSink(t, sink)
	if diff := cmp.Diff(map[string][]string{"a.pcap": {"3"}}, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Old files that are too many go, though there is no room for a new one: it is they that fill
// the disk.
func TestDiskFullOfOldFiles(t *testing.T) {
	dir, inside := smallDisk(t, "64k")
	if !inside {
		return
	}
	for _, month := range []string{"01", "02"} {
		must(t, os.WriteFile(filepath.Join(dir, "a-2025"+month+"02T030405.000000000.pcap"), make([]byte, 20<<10), 0o600))
	}
	fillDisk(t, filepath.Join(dir, "filler"))
	s := settings(filepath.Join(dir, "a.pcap"))
	s.Keep = 1
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0))
	closeSink(t, sink)
	if files := directoryNames(t, dir); !slices.Equal(files, []string{"a-20250202T030405.000000000.pcap", "a.pcap", "filler"}) {
		t.Errorf("files %q", files)
	}
}

func fillDisk(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
}

// A directory that can't be written to leaves the file as it is and in use.
func TestRotateReadOnly(t *testing.T) {
	dir, inside := smallDisk(t, "64k")
	if !inside {
		return
	}
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge = 1
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0))
	readOnly(t, dir, func() { mustDeliver(t, sink, packet("2", 1), packet("3", 2)) })
	if diff := cmp.Diff(map[string][]string{"a.pcap": {"1", "2", "3"}}, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
	mustDeliver(t, sink, packet("4", 3))
	closeSink(t, sink)
	if got := directory(t, dir); len(got) != 2 || !slices.Equal(got["a.pcap"], []string{"4"}) {
		t.Errorf("got %v", got)
	}
}

// A file that can't be read stays where it is if it may be empty, and is renamed if it can't be.
func TestUnreadable(t *testing.T) {
	changed := time.Date(2025, 6, 7, 8, 9, 10, 11, time.UTC)
	for _, tc := range []struct {
		content string
		err     error
		files   []string
	}{
		{"", fs.ErrPermission, []string{"a.pcap"}},
		{"too short for a header", nil, []string{"a-20250607T080910.000000011.pcap", "a.pcap"}},
	} {
		path := filepath.Join(t.TempDir(), "a.pcap")
		must(t, os.WriteFile(path, []byte(tc.content), 0))
		must(t, os.Chtimes(path, changed, changed))
		withPermissions(t, func() {
			sink, err := build(settings(path), nil)
			must(t, err)
			if err := sink.Open(t.Context()); !errors.Is(err, tc.err) {
				t.Errorf("%q: open: %v", tc.content, err)
			}
			closeSink(t, sink)
		})
		if files := directoryNames(t, filepath.Dir(path)); !slices.Equal(files, tc.files) {
			t.Errorf("%q: files %q", tc.content, files)
		}
	}
}

func directoryNames(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// readOnly calls f while nobody may change the directory.
func readOnly(t *testing.T, dir string, f func()) {
	t.Helper()
	must(t, os.Chmod(dir, 0o500))
	defer func() { must(t, os.Chmod(dir, 0o700)) }()
	withPermissions(t, f)
}

// withPermissions calls f while permissions hold for root as well: without these
// capabilities, which belong to the thread.
func withPermissions(t *testing.T, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var all [2]unix.CapUserData
	must(t, unix.Capget(&header, &all[0]))
	less := all
	less[0].Effective &^= 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH
	must(t, unix.Capset(&header, &less[0]))
	defer func() { must(t, unix.Capset(&header, &all[0])) }()
	f()
}
