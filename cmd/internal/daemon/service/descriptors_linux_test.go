package service_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestNoDescriptors takes all file descriptors away from the running program: a reload
// fails and says why, pipelines go on with what they have, and when there are some
// again, all is well.
func TestNoDescriptors(t *testing.T) {
	h := newHost(t, "eth0")
	dir := t.TempDir()
	in, away := filepath.Join(dir, "in"), filepath.Join(dir, "away")
	netns.Must(t, os.Mkdir(in, 0o700))
	config := func(mtu int) string {
		return fmt.Sprintf(`
pipelines:
  kept:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}]
    sinks: [{type: log, format: json}]
  file:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}]
    sinks: [{type: pcap-file, path: %s}]
  changed:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: mtu, min: %d}]
    sinks: [{type: pcap-file, path: %s}]
`, filepath.Join(in, "a.pcap"), mtu, filepath.Join(dir, "b.pcap"))
	}
	d := h.startDaemon(t, config(68))
	w := h.newWire(t, "eth0")
	d.awaitRouter(w.sendPTB(t))

	d.eventually("the capture files", func() bool { return d.hasOpen(t, "a.pcap") && d.hasOpen(t, "b.pcap") })

	// The file is given up before there are no descriptors, and can't be made again.
	netns.Must(t, os.Rename(in, away), os.RemoveAll(filepath.Join(away, "a.pcap")))
	d.eventually("the end of the file without a name", func() bool {
		d.awaitRouter(w.sendPTB(t))
		return !d.hasOpen(t, "a.pcap")
	})
	restore := d.takeDescriptors(t)
	netns.Must(t, os.Rename(away, in))
	d.awaitRouter(w.sendPTB(t))
	if got := d.reload(config(69)); !strings.HasPrefix(got, "reload failed; the old configuration stays in use: ") || !strings.Contains(got, "too many open files") {
		t.Errorf("reload without descriptors: %q", got)
	}
	d.awaitRouter(w.sendPTB(t))
	d.eventually("the file that can't be made", func() bool {
		return strings.Contains(d.stderr.String(), "create capture file")
	})

	restore()
	if got := d.reload(config(70)); got != "reloaded, pipelines: 3" {
		t.Errorf("reload: %q", got)
	}
	d.eventually("the capture file again", func() bool {
		d.awaitRouter(w.sendPTB(t))
		return size(filepath.Join(in, "a.pcap")) > 0
	})
	all := d.end()
	if len(all["kept"]) != 1 || sum(all["kept"]).delivered != uint64(w.n) {
		t.Errorf("counters %+v of %d packets", all["kept"], w.n)
	}
	if file := sum(all["file"]); file.failed == 0 || packetsIn(t, filepath.Join(in, "a.pcap")) == 0 {
		t.Errorf("counters %+v", file)
	}
}

// hasOpen reports whether the program has a file of the name open, be it removed since.
func (d *daemon) hasOpen(t *testing.T, name string) bool {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", d.Process.Pid)
	all, err := os.ReadDir(dir)
	netns.Must(t, err)
	return slices.ContainsFunc(all, func(e os.DirEntry) bool {
		path, _ := os.Readlink(filepath.Join(dir, e.Name())) // it may be closed by now
		return filepath.Base(strings.TrimSuffix(path, " (deleted)")) == name
	})
}

// eventually waits for something.
func (d *daemon) eventually(what string, is func() bool) {
	d.t.Helper()
	for end := time.Now().Add(timeout); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// takeDescriptors lets the program open nothing until restore. What it has open stays so.
func (d *daemon) takeDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	var before unix.Rlimit
	netns.Must(t, unix.Prlimit(d.Process.Pid, unix.RLIMIT_NOFILE, nil, &before))
	// Those below 3 are taken, by standard input and output.
	netns.Must(t, unix.Prlimit(d.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: before.Max}, nil))
	return func() { netns.Must(t, unix.Prlimit(d.Process.Pid, unix.RLIMIT_NOFILE, &before, nil)) }
}

// size returns the number of bytes in a file; none if it is not there.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
