package capfile_test

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// toolFiles writes packets in each format and calls test with the path.
func toolFiles(t *testing.T, packets []pipeline.Packet, test func(t *testing.T, path string)) {
	for _, tc := range []struct {
		name    string
		encoder capfile.Encoder
	}{
		{"a.pcap", capfile.Encoder{}},
		{"nanoseconds.pcap", capfile.Encoder{Nanoseconds: true}},
		{"a.pcapng", capfile.Encoder{Format: capfile.Pcapng, Application: "pmtud"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tc.name)
			writeFile(t, path, write(t, capfile.WriterOptions{Encoder: tc.encoder}, packets...))
			test(t, path)
		})
	}
}

// run returns the standard output of a program, or skips the test without it.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("not installed: %v", err)
	}
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Logf("%s", exit.Stderr)
		}
		t.Fatal(err)
	}
	return string(out)
}

// Tcpdump reads what is written; what it writes of that is the same again.
func TestTcpdump(t *testing.T) {
	packets := samplePackets(500)
	for i := range packets {
		packets[i].Type = linklayer.TypeHost
	}
	toolFiles(t, packets, func(t *testing.T, path string) {
		copied := filepath.Join(t.TempDir(), "copy.pcap")
		run(t, "tcpdump", "-r", path, "-w", copied)
		r, err := capfile.Open(copied, capfile.ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		got, err := readAll(r, 100)
		if err != nil {
			t.Fatal(err)
		}
		want := asWritten(packets)
		for i := range want {
			want[i].Type = linklayer.TypeUnknown // pcap can't tell
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Tshark reads what is written, with the type of packets, interfaces and comments.
func TestTshark(t *testing.T) {
	packets := samplePackets(50)
	toolFiles(t, packets, func(t *testing.T, path string) {
		out := run(t, "tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.cap_len", "-e", "frame.len")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != len(packets) {
			t.Fatalf("%d lines", len(lines))
		}
		for i, p := range packets {
			ns := strconv.FormatInt(int64(p.Time), 10)
			want := ns[:10] + "." + ns[10:] + "\t" + strconv.Itoa(len(p.Data)) + "\t" + strconv.Itoa(p.Length)
			if lines[i] != want {
				t.Errorf("packet %d: got %q, want %q", i+1, lines[i], want)
			}
		}
	})
}

func TestTsharkPcapng(t *testing.T) {
	p := samplePackets(1)[0]
	p.Type = linklayer.TypeOutgoing
	path := filepath.Join(t.TempDir(), "a.pcapng")
	var file strings.Builder
	w := capfile.NewWriter(&file, capfile.WriterOptions{
		Encoder:    capfile.Encoder{Format: capfile.Pcapng, Application: "pmtud"},
		Interfaces: []capfile.Interface{{Name: "lo", LinkType: 101}, {Name: "edge to peers", LinkType: 1}},
	})
	if err := w.WriteOn(1, &p, "said why"); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, []byte(file.String()))
	got := run(t, "tshark", "-r", path, "-T", "fields",
		"-e", "frame.interface_name", "-e", "frame.comment", "-e", "frame.packet_flags_direction")
	if want := "edge to peers\tsaid why\t0x00000002\n"; got != want && got != "edge to peers\tsaid why\t2\n" {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCapinfos(t *testing.T) {
	toolFiles(t, samplePackets(50), func(t *testing.T, path string) {
		out := run(t, "capinfos", "-c", "-T", "-r", path)
		if !strings.HasSuffix(strings.TrimSpace(out), "\t50") {
			t.Errorf("got %q", out)
		}
	})
}
