package pcapfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sinks/pcapfile"
)

// settings are the defaults with a path.
func settings(path string) pcapfile.Settings {
	s := *pcapfile.Plugin().NewSettings().(*pcapfile.Settings)
	s.Path = path
	return s
}

func build(s pcapfile.Settings, log *slog.Logger) (pipeline.Sink, error) {
	built, err := pcapfile.Plugin().Build(&s, pipeline.Env{Log: log})
	if err != nil {
		return nil, err
	}
	return built.(pipeline.Sink), nil
}

// newSink builds and opens the sink.
func newSink(tb testing.TB, s pcapfile.Settings) pipeline.Sink {
	tb.Helper()
	sink, err := build(s, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := sink.Open(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return sink
}

func closeSink(tb testing.TB, s pipeline.Sink) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Error(err)
	}
}

// deliver delivers packets in one batch and returns why each failed, or "".
func deliver(s pipeline.Sink, packets ...*pipeline.Packet) []string {
	failed := make([]pipeline.Reason, len(packets))
	s.Deliver(packets, failed)
	s.Flush()
	reasons := make([]string, len(packets))
	for i, r := range failed {
		if r != pipeline.Pass {
			reasons[i] = pcapfile.Plugin().Reasons[r-1].Name
		}
	}
	return reasons
}

func mustDeliver(tb testing.TB, s pipeline.Sink, packets ...*pipeline.Packet) {
	tb.Helper()
	for i, reason := range deliver(s, packets...) {
		if reason != "" {
			tb.Errorf("packet %d failed: %s", i, reason)
		}
	}
}

// start is the time of the tests' first packets.
var start = pipeline.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC))

// packet makes an Ethernet packet that came so long after start.
func packet(data string, after time.Duration) *pipeline.Packet {
	at := start + pipeline.Instant(after)
	return &pipeline.Packet{Data: []byte(data), Length: len(data), Time: at, Clock: at, LinkType: linklayer.Ethernet}
}

func cooked(data string) *pipeline.Packet {
	p := packet(data, 0)
	p.LinkType = linklayer.SLL
	return p
}

// contents returns the bytes of a capture's packets.
func contents(tb testing.TB, path string) []string {
	tb.Helper()
	all, err := tryContents(path)
	if err != nil {
		tb.Error(err)
	}
	return all
}

func tryContents(path string) ([]string, error) {
	r, err := capfile.Open(path, capfile.ReaderOptions{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []string
	batch := make([]pipeline.Packet, 100)
	for {
		n, err := r.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		for _, p := range batch[:n] {
			all = append(all, string(p.Data))
		}
	}
}

// directory returns the contents of all captures in a directory.
func directory(tb testing.TB, dir string) map[string][]string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	files := map[string][]string{}
	for _, e := range entries {
		files[e.Name()] = contents(tb, filepath.Join(dir, e.Name()))
	}
	return files
}

func TestDeliver(t *testing.T) {
	for _, tc := range []struct {
		name    string
		file    string
		change  func(*pcapfile.Settings)
		packets []*pipeline.Packet
		reasons []string
		want    []string
	}{
		{"pcap", "a.pcap", nil, []*pipeline.Packet{packet("one", 0), packet("two", 1)}, []string{"", ""}, []string{"one", "two"}},
		{"nothing", "a.pcap", nil, nil, []string{}, nil},
		{"nothing, pcapng", "a.pcapng", nil, nil, []string{}, nil},
		{
			"another link type", "a.pcap", nil,
			[]*pipeline.Packet{cooked("one"), packet("two", 0), cooked("three")},
			[]string{"", "link-type", ""},
			[]string{"one", "three"},
		},
		{
			"two link types, pcapng", "a.pcapng", nil,
			[]*pipeline.Packet{cooked("one"), packet("two", 0), cooked("three")},
			[]string{"", "", ""},
			[]string{"one", "two", "three"},
		},
		{
			"format", "a.cap", func(s *pcapfile.Settings) { s.Format = "pcapng" },
			[]*pipeline.Packet{cooked("one"), packet("two", 0)},
			[]string{"", ""},
			[]string{"one", "two"},
		},
		{
			"snaplen", "a.pcap", func(s *pcapfile.Settings) { s.Snaplen = 2 },
			[]*pipeline.Packet{packet("one", 0)},
			[]string{""},
			[]string{"on"},
		},
		{
			"time stamp", "a.pcap", nil,
			[]*pipeline.Packet{packet("early", -100*365*24*time.Hour), packet("one", 0)},
			[]string{"time-stamp", ""},
			[]string{"one"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings(filepath.Join(t.TempDir(), tc.file))
			if tc.change != nil {
				tc.change(&s)
			}
			sink := newSink(t, s)
			if diff := cmp.Diff(tc.reasons, deliver(sink, tc.packets...)); diff != "" {
				t.Error(diff)
			}
			// They are there before the file is closed.
			if diff := cmp.Diff(tc.want, contents(t, s.Path)); diff != "" {
				t.Error(diff)
			}
			closeSink(t, sink)
			if diff := cmp.Diff(tc.want, contents(t, s.Path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLinkTypeInHeader(t *testing.T) {
	for _, p := range []*pipeline.Packet{cooked("one"), packet("one", 0)} {
		path := filepath.Join(t.TempDir(), "a.pcap")
		sink := newSink(t, settings(path))
		mustDeliver(t, sink, p)
		closeSink(t, sink)
		r, err := capfile.Open(path, capfile.ReaderOptions{})
		must(t, err)
		defer r.Close()
		var got [1]pipeline.Packet
		if _, err := r.ReadBatch(got[:]); err != nil || got[0].LinkType != p.LinkType {
			t.Errorf("got link type %d, %v, want %d", got[0].LinkType, err, p.LinkType)
		}
	}
}

// What a killed program left of a file that it was about to begin is in nobody's way.
func TestLeftOver(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, ".a.pcap.new"), []byte("half a header"), 0o600))
	sink := newSink(t, settings(filepath.Join(dir, "a.pcap")))
	mustDeliver(t, sink, packet("one", 0))
	closeSink(t, sink)
	if diff := cmp.Diff(map[string][]string{"a.pcap": {"one"}}, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// A batch may have more bytes than the buffer.
func TestLargePackets(t *testing.T) {
	for _, name := range []string{"a.pcap", "a.pcapng"} {
		path := filepath.Join(t.TempDir(), name)
		sink := newSink(t, settings(path))
		var batch []*pipeline.Packet
		for i := range 20 {
			p := packet(strings.Repeat("x", capfile.MaxPacket-i), 0)
			p.Type = linklayer.TypeHost
			batch = append(batch, p)
		}
		mustDeliver(t, sink, batch...)
		closeSink(t, sink)
		if got := len(contents(t, path)); got != 20 {
			t.Errorf("%s: got %d packets", name, got)
		}
	}
}

func TestDefaults(t *testing.T) {
	want := &pcapfile.Settings{Format: "auto", Snaplen: 256 << 10}
	if diff := cmp.Diff(want, pcapfile.Plugin().NewSettings()); diff != "" {
		t.Error(diff)
	}
}

func TestSettings(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*pcapfile.Settings)
		want   string
	}{
		{"no path", func(s *pcapfile.Settings) { s.Path = "" }, "path: is empty"},
		{"directory", func(s *pcapfile.Settings) { s.Path = "a/" }, `path: "a/" is not the path of a file`},
		{
			"compressed", func(s *pcapfile.Settings) { s.Path = "a.pcap.zst" },
			"path: a.pcap.zst: files are not written compressed; leave the last ending out",
		},
		{
			"standard output", func(s *pcapfile.Settings) { s.Path = "-" },
			"path: standard output is not supported; write the path of a file",
		},
		{"format", func(s *pcapfile.Settings) { s.Format = "cap" }, `format: must be auto, pcap or pcapng, not "cap"`},
		{"snaplen", func(s *pcapfile.Settings) { s.Snaplen = 0 }, "snaplen: must be from 1 to 262144, not 0"},
		{"max_size", func(s *pcapfile.Settings) { s.MaxSize = 1023 }, "max_size: 1023 is less than 1024 bytes; write for example 10MiB"},
		{"max_age", func(s *pcapfile.Settings) { s.MaxAge = -1 }, "max_age: must be at least 0s, not -1ns"},
		{"keep", func(s *pcapfile.Settings) { s.Keep = -1 }, "keep: must be at least 0, not -1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings("a.pcap")
			tc.change(&s)
			_, err := build(s, nil)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v", err)
			}
			if _, ok := errors.AsType[*setting.Error](err); !ok {
				t.Errorf("got a %T", err)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, ".b.pcap.new", "full"), 0o700))
	long, changed := filepath.Join(dir, strings.Repeat("c", 240)), time.Date(2025, 6, 7, 8, 9, 10, 11, time.UTC)
	must(t, os.WriteFile(long+".pcap", []byte("something"), 0o600))
	must(t, os.Chtimes(long+".pcap", changed, changed))
	for _, tc := range []struct{ name, path, want string }{
		{"no draft can be made", dir + "/b.pcap", "remove " + dir + "/b.pcap: directory not empty"},
		{"old file can't be renamed", long + ".pcap", "rotate file: lstat " + long + "-20250607T080910.000000011.pcap: file name too long"},
		{"no directory", dir + "/none/a.pcap", "open " + dir + "/none/a.pcap: no such file or directory"},
		{"directory", dir, "create " + dir + ": something that is not a regular file is in the way"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sink, err := build(settings(tc.path), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := sink.Open(t.Context()); err == nil || err.Error() != tc.want {
				t.Errorf("got %v", err)
			}
			closeSink(t, sink)
		})
	}
}

func TestAllocatesNothing(t *testing.T) {
	for _, name := range []string{"a.pcap", "a.pcapng"} {
		sink := newSink(t, settings(filepath.Join(t.TempDir(), name)))
		batch := make([]*pipeline.Packet, 256)
		for i := range batch {
			batch[i] = packet("a packet of some bytes", 0)
		}
		failed := make([]pipeline.Reason, len(batch))
		sink.Deliver(batch, failed)
		allocs := testing.AllocsPerRun(100, func() {
			sink.Deliver(batch, failed)
			sink.Flush()
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations per batch", name, allocs)
		}
		closeSink(t, sink)
	}
}

// When the file or its directory is gone, a new file is begun as soon as possible.
func TestRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	path := filepath.Join(dir, "a.pcap")
	must(t, os.Mkdir(dir, 0o700))
	s := settings(path)
	s.Keep = 1
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("one", 0))
	must(t, os.Remove(path))
	mustDeliver(t, sink, packet("two", 0))
	if diff := cmp.Diff([]string{"two"}, contents(t, path)); diff != "" {
		t.Error(diff)
	}
	must(t, os.RemoveAll(dir))
	if diff := cmp.Diff([]string{"write-error", "write-error"}, deliver(sink, packet("three", 0), packet("four", 0))); diff != "" {
		t.Error(diff)
	}
	checkComplaint(t, sink, "create capture file: open "+path+": no such file or directory")
	must(t, os.Mkdir(dir, 0o700))
	mustDeliver(t, sink, packet("five", 0))
	checkComplaint(t, sink, "<nil>")
	closeSink(t, sink)
	if diff := cmp.Diff(map[string][]string{"a.pcap": {"five"}}, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// When somebody else made the file shorter, what is left of it is renamed and a new
// one is begun.
func TestShortened(t *testing.T) {
	for _, tc := range []struct {
		name string
		size int64
		want map[string][]string
	}{
		{"to nothing", 0, map[string][]string{"a.pcap": {"three"}}},
		{"to a packet", 24 + 16 + 3, map[string][]string{
			"a-20260102T030405.000006000.pcap": {"one"},
			"a.pcap":                           {"three"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.pcap")
			sink := newSink(t, settings(path))
			mustDeliver(t, sink, packet("one", 0), packet("two", 0))
			must(t, os.Truncate(path, tc.size))
			mustDeliver(t, sink, packet("three", 0))
			closeSink(t, sink)
			if diff := cmp.Diff(tc.want, directory(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func checkComplaint(t *testing.T, s pipeline.Sink, want string) {
	t.Helper()
	if got := fmt.Sprint(s.(pipeline.HealthChecker).Health()); got != want {
		t.Errorf("complaint %q, want %q", got, want)
	}
}

// Failures are logged, but not one by one.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	dir := filepath.Join(t.TempDir(), "dir")
	must(t, os.Mkdir(dir, 0o700))
	sink, err := build(settings(filepath.Join(dir, "a.pcap")), slog.New(slog.NewTextHandler(&log, nil)))
	must(t, err)
	must(t, sink.Open(t.Context()))
	must(t, os.RemoveAll(dir))
	for range 100 {
		deliver(sink, packet("one", 0), packet("two", 0))
	}
	closeSink(t, sink)
	if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "no such file or directory") {
		t.Errorf("got %d lines: %s", got, log.String())
	}
}

// TestMode wants a capture to be readable by the owner and the group, and by nobody else.
func TestMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	closeSink(t, newSink(t, settings(path)))
	info, err := os.Stat(path)
	must(t, err)
	if mode := info.Mode().Perm(); mode&0o600 != 0o600 || mode&^0o640 != 0 {
		t.Errorf("%v", mode)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
