package pcapfile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sources/pcapfile"
)

// newSource builds and opens the source, and closes it at the end of the test.
func newSource(t *testing.T, s pcapfile.Settings, stdin io.Reader) pipeline.Source {
	t.Helper()
	built, err := build(s, stdin)
	if err != nil {
		t.Fatal(err)
	}
	if err := built.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := built.Close(); err != nil {
			t.Error(err)
		}
	})
	return built
}

func build(s pcapfile.Settings, stdin io.Reader) (pipeline.Source, error) {
	built, err := pcapfile.Plugin().Build(&s, pipeline.Env{Stdin: stdin})
	if err != nil {
		return nil, err
	}
	return built.(pipeline.Source), nil
}

// delivered is what the tests look at of a packet.
type delivered struct {
	Data string
	Time time.Duration // since 1970
}

// run runs the source and returns what it delivered.
func run(ctx context.Context, s pipeline.Source) (got []delivered, err error) {
	err = s.Run(ctx, func(batch []pipeline.Packet) {
		for _, p := range batch {
			got = append(got, delivered{string(p.Data), time.Duration(p.Time)})
		}
	})
	return got, err
}

// capture writes a capture with packets of the given names and times since 1970.
func capture(tb testing.TB, path string, packets ...delivered) {
	tb.Helper()
	if err := os.WriteFile(path, captureOf(tb, packets...), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func captureOf(tb testing.TB, packets ...delivered) []byte {
	tb.Helper()
	var file bytes.Buffer
	w := capfile.NewWriter(&file, capfile.WriterOptions{})
	for _, p := range packets {
		packet := pipeline.Packet{
			Data: []byte(p.Data), Length: len(p.Data), Time: pipeline.Instant(p.Time), LinkType: linklayer.Ethernet,
		}
		if err := w.Write(&packet); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	one, two, three := delivered{"one", time.Second}, delivered{"two", 2 * time.Second}, delivered{"three", 0}
	capture(t, filepath.Join(dir, "edge-2.pcap"), two)
	capture(t, filepath.Join(dir, "edge-1.pcap"), one, two)
	capture(t, filepath.Join(dir, "other.pcap"), three)
	for _, tc := range []struct {
		name     string
		settings pcapfile.Settings
		stdin    []byte
		want     []delivered
	}{
		{"file", pcapfile.Settings{Path: []string{dir + "/other.pcap"}}, nil, []delivered{three}},
		{"list", pcapfile.Settings{Path: []string{dir + "/other.pcap", dir + "/edge-2.pcap"}}, nil, []delivered{three, two}},
		{"pattern", pcapfile.Settings{Path: []string{dir + "/edge-*.pcap"}}, nil, []delivered{one, two, two}},
		{"standard input", pcapfile.Settings{Path: []string{"-", dir + "/other.pcap"}}, captureOf(t, one), []delivered{one, three}},
		{"snaplen", pcapfile.Settings{Path: []string{dir + "/other.pcap"}, Snaplen: 3}, nil, []delivered{{"thr", 0}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := run(t.Context(), newSource(t, tc.settings, bytes.NewReader(tc.stdin)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuildErrors(t *testing.T) {
	for _, tc := range []struct {
		name     string
		settings pcapfile.Settings
		want     string
	}{
		{"no path", pcapfile.Settings{}, "path: is empty"},
		{"empty path", pcapfile.Settings{Path: []string{""}}, "path: is empty"},
		{"pattern", pcapfile.Settings{Path: []string{"a[.pcap"}}, `path: "a[.pcap" is not a pattern of file names: a [ is not closed, or it ends in \`},
		{"loop", pcapfile.Settings{Path: []string{"a", "-"}, Loop: true}, "loop: standard input can be read only once"},
		{"twice", pcapfile.Settings{Path: []string{"-", "-"}}, "path: standard input can be read only once"},
		{"snaplen", pcapfile.Settings{Path: []string{"a"}, Snaplen: -1}, "snaplen: must be at least 0, not -1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := build(tc.settings, nil)
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
	for _, tc := range []struct{ name, path, want string }{
		{"missing", dir + "/none.pcap", "find files " + dir + "/none.pcap: file does not exist"},
		{"pattern without files", dir + "/*.pcap", "find files " + dir + "/*.pcap: file does not exist"},
		{"directory", dir, "open capture " + dir + ": is a directory; write " + dir + "/*.pcap for the files in it"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := build(pcapfile.Settings{Path: []string{tc.path}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Open(t.Context()); err == nil || err.Error() != tc.want {
				t.Errorf("got %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is in front of the damage is delivered.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	file := captureOf(t, delivered{"one", 0}, delivered{"two", 0})
	if err := os.WriteFile(path, file[:len(file)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := run(t.Context(), newSource(t, pcapfile.Settings{Path: []string{path}}, nil))
	if diff := cmp.Diff([]delivered{{"one", 0}}, got); diff != "" {
		t.Error(diff)
	}
	if want := "read " + path + ": at byte 43: the file ends after 2 of a packet's 3 bytes"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// Packets are delivered when the capture says, at any speed.
func TestSpeed(t *testing.T) {
	const start = 1000 * time.Hour
	path := filepath.Join(t.TempDir(), "a.pcap")
	capture(t, path, delivered{"a", start}, delivered{"b", start}, delivered{"c", start + time.Minute},
		delivered{"back", start + time.Second}, delivered{"d", start + time.Hour})
	for _, tc := range []struct {
		speed string
		want  []time.Duration
	}{
		{"max", []time.Duration{0, 0, 0, 0, 0}},
		{"original", []time.Duration{0, 0, time.Minute, time.Minute, time.Hour}},
		{"2", []time.Duration{0, 0, 30 * time.Second, 30 * time.Second, 30 * time.Minute}},
		{"0.5", []time.Duration{0, 0, 2 * time.Minute, 2 * time.Minute, 2 * time.Hour}},
	} {
		t.Run(tc.speed, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSource(t, pcapfile.Settings{Path: []string{path}, Speed: speed(t, tc.speed)}, nil)
				var got []time.Duration
				begin := time.Now()
				err := s.Run(t.Context(), func(batch []pipeline.Packet) {
					for range batch {
						got = append(got, time.Since(begin))
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func speed(tb testing.TB, text string) pcapfile.Speed {
	tb.Helper()
	var s pcapfile.Speed
	if err := s.UnmarshalText([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestSpeedText(t *testing.T) {
	for _, text := range []string{"max", "original", "2", "0.25"} {
		if got := speed(t, text).String(); got != text {
			t.Errorf("%s becomes %s", text, got)
		}
	}
	var s pcapfile.Speed
	for _, text := range []string{"", "fast", "0", "-1", "NaN", "Inf", "1e999", "2x"} {
		if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "is not a speed") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// The end of the context ends waiting for a packet's time.
func TestCancelWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	capture(t, path, delivered{"a", 0}, delivered{"b", 1000 * time.Hour})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		got, err := run(ctx, newSource(t, pcapfile.Settings{Path: []string{path}, Speed: 1}, nil))
		if len(got) != 1 || err != nil || time.Since(begin) != time.Second {
			t.Errorf("got %d packets and %v after %v", len(got), err, time.Since(begin))
		}
	})
}

// The end of the context ends waiting for standard input.
func TestCancelStdin(t *testing.T) {
	stdin, feed := io.Pipe()
	defer feed.Close()
	ctx, cancel := context.WithCancel(t.Context())
	s := newSource(t, pcapfile.Settings{Path: []string{"-"}}, stdin)
	go func() {
		feed.Write(captureOf(t, delivered{"a", 0}))
	}()
	err := s.Run(ctx, func([]pipeline.Packet) { cancel() })
	if err != nil {
		t.Error(err)
	}
}

func TestLoop(t *testing.T) {
	dir := t.TempDir()
	capture(t, filepath.Join(dir, "1.pcap"), delivered{"a", 5 * time.Second})
	capture(t, filepath.Join(dir, "2.pcap"), delivered{"b", 7 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	s := newSource(t, pcapfile.Settings{Path: []string{dir + "/*.pcap"}, Loop: true}, nil)
	var got []delivered
	err := s.Run(ctx, func(batch []pipeline.Packet) {
		for _, p := range batch {
			got = append(got, delivered{string(p.Data), time.Duration(p.Time)})
		}
		if len(got) == 5 {
			cancel()
		}
	})
	if err != nil {
		t.Error(err)
	}
	want := []delivered{
		{"a", 5 * time.Second},
		{"b", 7 * time.Second},
		{"a", 7*time.Second + time.Millisecond},
		{"b", 9*time.Second + time.Millisecond},
		{"a", 9*time.Second + 2*time.Millisecond},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoopOverNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	capture(t, path)
	_, err := run(t.Context(), newSource(t, pcapfile.Settings{Path: []string{path}, Loop: true}, nil))
	if err == nil || err.Error() != "loop over captures: there are no packets in them" {
		t.Errorf("got %v", err)
	}
}

// TestWarning wants what is odd about a file to be logged once, however often it is
// read.
func TestWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcapng")
	var file bytes.Buffer
	w := capfile.NewWriter(&file, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng}})
	for range 2 {
		if err := w.Write(&pipeline.Packet{Data: []byte("a"), Length: 1, LinkType: 105}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	built, err := pcapfile.Plugin().Build(&pcapfile.Settings{Path: []string{path}, Loop: true}, pipeline.Env{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	source := built.(pipeline.Source)
	if err := source.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	passes := 0
	err = source.Run(ctx, func([]pipeline.Packet) {
		if passes++; passes == 3 {
			cancel()
		}
	})
	if n := strings.Count(log.String(), "link type 105 (IEEE802_11) is not supported"); n != 1 || err != nil {
		t.Errorf("error %v, %d warnings:\n%s", err, n, log.String())
	}
}
