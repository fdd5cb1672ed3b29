package pcapfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/sinks/pcapfile"
)

func TestRotate(t *testing.T) {
	long := strings.Repeat("x", 488) // two fill a file
	second := time.Second
	for _, tc := range []struct {
		name    string
		change  func(*pcapfile.Settings)
		packets []*pipeline.Packet
		want    map[string][]string
	}{
		{
			"by size", func(s *pcapfile.Settings) { s.MaxSize = 24 + 2*504 },
			[]*pipeline.Packet{packet(long, 0), packet(long, second), packet("3", 2*second), packet("4", 3*second), packet(long, 4*second)},
			map[string][]string{
				"a-20260102T030405.000006000.pcap": {long, long},
				"a.pcap":                           {"3", "4", long},
			},
		},
		{
			"packets larger than the size", func(s *pcapfile.Settings) { s.MaxSize = 1024 },
			[]*pipeline.Packet{packet(long+long+long, 0), packet(long+long+long, second), packet("3", second)},
			map[string][]string{
				"a-20260102T030405.000006000.pcap": {long + long + long},
				"a-20260102T030406.000006000.pcap": {long + long + long},
				"a.pcap":                           {"3"},
			},
		},
		{
			"by age", func(s *pcapfile.Settings) { s.MaxAge = 10 * second },
			[]*pipeline.Packet{packet("1", 0), packet("2", 10*second-1), packet("3", 10*second), packet("4", time.Minute)},
			map[string][]string{
				"a-20260102T030405.000006000.pcap": {"1", "2"},
				"a-20260102T030415.000006000.pcap": {"3"},
				"a.pcap":                           {"4"},
			},
		},
		{
			"keep", func(s *pcapfile.Settings) { s.MaxAge, s.Keep = second, 2 },
			[]*pipeline.Packet{packet("1", 0), packet("2", 1*second), packet("3", 2*second), packet("4", 3*second), packet("5", 4*second)},
			map[string][]string{
				"a-20260102T030407.000006000.pcap": {"3"},
				"a-20260102T030408.000006000.pcap": {"4"},
				"a.pcap":                           {"5"},
			},
		},
		{
			"keep, by a clock that was set back", func(s *pcapfile.Settings) { s.MaxSize, s.Keep = 1024, 2 },
			[]*pipeline.Packet{
				packet(long+long, time.Hour), packet(long+long, time.Hour+second), packet(long+long, time.Hour+2*second),
				packet(long+long, 0), packet(long+long, second), packet("3", 2*second),
			},
			map[string][]string{
				"a-20260102T030405.000006000.pcap": {long + long},
				"a-20260102T030406.000006000.pcap": {long + long},
				"a.pcap":                           {"3"},
			},
		},
		{
			"the same time stamp", func(s *pcapfile.Settings) { s.MaxSize = 1024 },
			[]*pipeline.Packet{packet(long, 0), packet(long, 0), packet(long, 0), packet(long, 0)},
			map[string][]string{
				"a-20260102T030405.000006000.pcap": {long},
				"a-20260102T030405.000006001.pcap": {long},
				"a-20260102T030405.000006002.pcap": {long},
				"a.pcap":                           {long},
			},
		},
		{
			"another link type", func(s *pcapfile.Settings) { s.MaxAge = second },
			[]*pipeline.Packet{cooked("1"), packet("2", second)},
			map[string][]string{
				"a-20260102T030405.000006000.pcap": {"1"},
				"a.pcap":                           {"2"},
			},
		},
	} {
		for _, batch := range []int{1, 100} {
			t.Run(tc.name, func(t *testing.T) {
				dir := t.TempDir()
				s := settings(filepath.Join(dir, "a.pcap"))
				tc.change(&s)
				sink := newSink(t, s)
				for rest := tc.packets; len(rest) > 0; {
					n := min(batch, len(rest))
					mustDeliver(t, sink, rest[:n]...)
					rest = rest[n:]
				}
				closeSink(t, sink)
				if diff := cmp.Diff(tc.want, directory(t, dir)); diff != "" {
					t.Errorf("in batches of %d: %s", batch, diff)
				}
			})
		}
	}
}

// The files of pcapng stand by themselves.
func TestRotatePcapng(t *testing.T) {
	dir := t.TempDir()
	s := settings(filepath.Join(dir, "a.pcapng"))
	s.MaxAge = time.Second
	sink := newSink(t, s)
	mustDeliver(t, sink, cooked("1"), packet("2", 0), packet("3", time.Second), cooked("4"))
	closeSink(t, sink)
	want := map[string][]string{
		"a-20260102T030405.000006000.pcapng": {"1", "2"},
		"a.pcapng":                           {"3", "4"},
	}
	if diff := cmp.Diff(want, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// A packet of a new interface that is too much for the file begins the next one, and
// leaves those before it in the batch as they are.
func TestRotateAtNewInterface(t *testing.T) {
	long := strings.Repeat("x", 500) // one fills a file, two are too much
	dir := t.TempDir()
	s := settings(filepath.Join(dir, "a.pcapng"))
	s.MaxSize = 1024
	sink := newSink(t, s)
	mustDeliver(t, sink, packet(long, 0), cooked(long), cooked("3"))
	closeSink(t, sink)
	want := map[string][]string{
		"a-20260102T030405.000006000.pcapng": {long},
		"a.pcapng":                           {long, "3"},
	}
	if diff := cmp.Diff(want, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// A name so long that there is no room for a time stamp in it: the file is used on, also after
// a packet that it can't hold.
func TestRotateLongName(t *testing.T) {
	long := strings.Repeat("x", 500)
	for name, change := range map[string]func(*pcapfile.Settings){
		"max_age":  func(s *pcapfile.Settings) { s.MaxAge = time.Second },
		"max_size": func(s *pcapfile.Settings) { s.MaxSize = 1024 },
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(filepath.Join(t.TempDir(), strings.Repeat("a", 240)+".pcap"))
			change(&s)
			sink := newSink(t, s)
			mustDeliver(t, sink, packet(long, 0), packet(long, time.Second), packet("3", time.Minute))
			if got := fmt.Sprint(sink.(pipeline.HealthChecker).Health()); !strings.HasSuffix(got, ": file name too long") {
				t.Errorf("complaint %q", got)
			}
			checkFailedRotations(t, sink, 1) // one for each batch
			reasons := deliver(sink, cooked("4"), packet("5", time.Minute))
			if diff := cmp.Diff([]string{"link-type", ""}, reasons); diff != "" {
				t.Error(diff)
			}
			checkFailedRotations(t, sink, 2)
			closeSink(t, sink)
			if diff := cmp.Diff([]string{long, long, "3", "5"}, contents(t, s.Path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Files of an earlier run go first, whatever their names say of the time.
func TestKeepWithFilesOfTheFuture(t *testing.T) {
	dir := t.TempDir()
	for _, year := range []string{"2025", "2030", "2031"} {
		must(t, os.WriteFile(filepath.Join(dir, "a-"+year+"0102T030405.000000000.pcap"), written(t, dir+"/x.pcap", packet(year, 0)), 0o600))
	}
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge, s.Keep = time.Second, 3
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0), packet("2", time.Second), packet("3", 2*time.Second))
	closeSink(t, sink)
	want := map[string][]string{
		"a-20310102T030405.000000000.pcap": {"2031"},
		"a-20260102T030405.000006000.pcap": {"1"},
		"a-20260102T030406.000006000.pcap": {"2"},
		"a.pcap":                           {"3"},
	}
	if diff := cmp.Diff(want, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// Other files with similar names are not touched.
func TestKeepTouchesNothingElse(t *testing.T) {
	dir := t.TempDir()
	others := []string{
		"a-20260102T030405.000000000.pcap.txt", "a-2026.pcap", "a-b-20250102T030405.000000000.pcap",
		"b-20250102T030405.000000000.pcap", "a-20259902T030405.000000000.pcap", "a-.pcap",
		"20250102T030405.000000000.pcap", "a-20250102T30405.000000000.pcap", "a-20250102T030405.000000000",
	}
	for _, name := range others {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	old := filepath.Join(dir, "a-20250102T030405.000000000.pcap")
	must(t, os.WriteFile(old, nil, 0o600))
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge, s.Keep = 1, 1
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0), packet("2", 1), packet("3", 2))
	closeSink(t, sink)
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("an old file was kept")
	}
}

// A file that is there already is renamed unless there is nothing in it.
func TestExistingFile(t *testing.T) {
	changed := time.Date(2025, 6, 7, 8, 9, 10, 11, time.UTC)
	for _, tc := range []struct {
		name    string
		content func(path string) []byte
		renamed string
	}{
		{"empty", func(string) []byte { return nil }, ""},
		{"without packets", func(path string) []byte { return written(t, path) }, ""},
		{"without packets, cooked", func(path string) []byte { return written(t, path, cooked("old"))[:len(written(t, path))] }, ""},
		{"with packets", func(path string) []byte { return written(t, path, packet("old", 0)) }, "20260102T030405.000006000"},
		{"damaged", func(path string) []byte { return written(t, path, packet("old", 0))[:30] }, "20250607T080910.000000011"},
		{"of cooked packets", func(path string) []byte { return written(t, path, cooked("old")) }, "20260102T030405.000006000"},
		{"without packets, a byte in front of the link type differs", func(path string) []byte {
			content := written(t, path)
			content[len(content)-5]++
			return content
		}, "20250607T080910.000000011"},
		{"something else", func(string) []byte { return []byte("something of 24 bytes...") }, "20250607T080910.000000011"},
	} {
		for _, ext := range []string{".pcap", ".pcapng"} {
			t.Run(tc.name+ext, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "a"+ext)
				content := tc.content(path)
				must(t, os.WriteFile(path, content, 0o600))
				must(t, os.Chtimes(path, changed, changed))
				sink := newSink(t, settings(path))
				mustDeliver(t, sink, packet("new", 0))
				closeSink(t, sink)
				if diff := cmp.Diff([]string{"new"}, contents(t, path)); diff != "" {
					t.Error(diff)
				}
				files, err := filepath.Glob(filepath.Dir(path) + "/a-*")
				must(t, err)
				if tc.renamed == "" {
					if len(files) != 0 {
						t.Errorf("got %v", files)
					}
					return
				}
				old := filepath.Join(filepath.Dir(path), "a-"+tc.renamed+ext)
				got, err := os.ReadFile(old)
				if err != nil || string(got) != string(content) {
					t.Errorf("got %v, want %s: %v", files, old, err)
				}
			})
		}
	}
}

// written returns the file that the sink makes of packets, and removes it.
func written(tb testing.TB, path string, packets ...*pipeline.Packet) []byte {
	tb.Helper()
	sink := newSink(tb, settings(path))
	mustDeliver(tb, sink, packets...)
	closeSink(tb, sink)
	content, err := os.ReadFile(path)
	must(tb, err)
	must(tb, os.Remove(path))
	return content
}

// A file that somebody moved away is left in peace when its time is over.
func TestRotateMovedFile(t *testing.T) {
	dir := t.TempDir()
	s := settings(filepath.Join(dir, "a.pcap"))
	s.MaxAge = time.Second
	sink := newSink(t, s)
	mustDeliver(t, sink, packet("1", 0))
	must(t, os.Rename(s.Path, filepath.Join(dir, "moved.pcap")))
	mustDeliver(t, sink, packet("2", 1), packet("3", time.Second))
	closeSink(t, sink)
	want := map[string][]string{"moved.pcap": {"1", "2"}, "a.pcap": {"3"}}
	if diff := cmp.Diff(want, directory(t, dir)); diff != "" {
		t.Error(diff)
	}
}
