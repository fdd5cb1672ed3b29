package logsink_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sinks/logsink"
)

func TestPlugin(t *testing.T) {
	for verbosity := 1; verbosity <= 3; verbosity++ {
		for _, format := range []logsink.Format{logsink.Text, logsink.JSON} {
			t.Run(string(format), func(t *testing.T) {
				pipelinetest.TestSink(t, logsink.Plugin(), &logsink.Settings{Format: format, Verbosity: verbosity})
			})
		}
	}
}

// batch returns a forwarded and a dropped packet.
func batch() []*pipeline.Packet {
	var packets []*pipeline.Packet
	for _, port := range []uint16{80, 8081} {
		p := pipelinetest.PTB{SrcPort: port}.Packet(pipelinetest.Begin)
		p.Decode()
		p.ReadPort = int32(port)
		packets = append(packets, &p)
	}
	packets[1].Verdict = pipeline.Verdict{Stage: "port-list", Reason: "port-not-listed"}
	return packets
}

func TestLines(t *testing.T) {
	const (
		forwarded     = "203.0.113.1 transmitting mtu=1400 sport=80"
		dropped       = "203.0.113.1 port-not-listed mtu=1400 sport=8081"
		forwardedJSON = `{"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1","sport":80,"dst":"198.51.100.7","dport":40000`
		droppedJSON   = `{"time":"2026-01-02T03:04:05.000000Z","verdict":"drop","stage":"port-list","reason":"port-not-listed","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1","sport":8081,"dst":"198.51.100.7","dport":40000`
	)
	octets := make([]string, 2)
	for i, p := range batch() {
		octets[i] = hex.EncodeToString(p.Data)
	}
	for _, tc := range []struct {
		name     string
		settings logsink.Settings
		want     []string
	}{
		{"text, forwarded ones", logsink.Settings{Format: logsink.Text, Verbosity: 1}, []string{forwarded}},
		{"text, dropped ones too", logsink.Settings{Format: logsink.Text, Verbosity: 2}, []string{forwarded, dropped}},
		{"text, octets", logsink.Settings{Format: logsink.Text, Verbosity: 3}, []string{forwarded + " " + octets[0], dropped + " " + octets[1]}},
		{"JSON, forwarded ones", logsink.Settings{Format: logsink.JSON, Verbosity: 1}, []string{forwardedJSON + "}"}},
		{"JSON, dropped ones too", logsink.Settings{Format: logsink.JSON, Verbosity: 2}, []string{forwardedJSON + "}", droppedJSON + "}"}},
		{"JSON, octets", logsink.Settings{Format: logsink.JSON, Verbosity: 3}, []string{
			forwardedJSON + `,"octets":"` + octets[0] + `"}`, droppedJSON + `,"octets":"` + octets[1] + `"}`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := new(bytes.Buffer)
			env := pipelinetest.Env(t)
			env.Stdout = out
			sink, err := logsink.New(tc.settings, env)
			if err != nil {
				t.Fatal(err)
			}
			packets := batch()
			if !sink.(pipeline.HostUser).Needs().Drops { // then the engine gives it none
				packets = packets[:1]
			}
			failed := make([]pipeline.Reason, len(packets))
			sink.Deliver(packets, failed)
			if diff := cmp.Diff(strings.Join(tc.want, "\n")+"\n", out.String()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if slices.Max(failed) != pipeline.Pass {
				t.Errorf("failed %v", failed)
			}
			for line := range strings.Lines(out.String()) {
				if tc.settings.Format == logsink.JSON && !json.Valid([]byte(line)) {
					t.Errorf("%q is not valid JSON", line)
				}
			}
		})
	}
}

// broken is a standard output that nobody reads, until it is mended.
type broken struct {
	mended bool
	calls  int
}

func (b *broken) Write(p []byte) (int, error) {
	b.calls++
	if b.mended {
		return len(p), nil
	}
	return 0, errors.New("broken pipe")
}

func TestWriteError(t *testing.T) {
	out := new(broken)
	env := pipelinetest.Env(t)
	env.Stdout = out
	var log pipelinetest.Buffer
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	sink, err := logsink.New(logsink.Settings{Format: logsink.Text, Verbosity: 2}, env)
	if err != nil {
		t.Fatal(err)
	}
	lost := []pipeline.Reason{logsink.WriteError, logsink.WriteError}
	for i, want := range [][]pipeline.Reason{lost, lost, {pipeline.Pass, pipeline.Pass}, lost} {
		out.mended = want[0] == pipeline.Pass
		failed := make([]pipeline.Reason, 2)
		sink.Deliver(batch(), failed)
		if diff := cmp.Diff(want, failed); diff != "" {
			t.Errorf("batch %d failed (-want +got):\n%s", i, diff)
		}
	}
	if out.calls != 4 {
		t.Errorf("%d writes for four batches", out.calls)
	}
	if n := strings.Count(log.String(), `level=WARN msg="can't write to standard output" error="broken pipe"`); n != 2 {
		t.Errorf("%d complaints in two rows of failures:\n%s", n, &log)
	}
}

// disk is a standard output with room for some bytes.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(d.room, len(p))
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestPartOfALine has a disk that is full in the middle of a line: lines before it are
// delivered, and the next one does not become a part of it.
func TestPartOfALine(t *testing.T) {
	const (
		first  = "203.0.113.1 transmitting mtu=1400 sport=80\n"
		second = "203.0.113.1 port-not-listed mtu=1400 sport=8081\n"
	)
	for _, tc := range []struct {
		name    string
		room    int
		reasons []pipeline.Reason
		want    string
	}{
		{"nothing", 0, []pipeline.Reason{logsink.WriteError, logsink.WriteError}, ""},
		{"a byte", 1, []pipeline.Reason{logsink.WriteError, logsink.WriteError}, first[:1] + "\n"},
		{"within the first line", 5, []pipeline.Reason{logsink.WriteError, logsink.WriteError}, first[:5] + "\n"},
		{"a line", len(first), []pipeline.Reason{pipeline.Pass, logsink.WriteError}, first},
		{"within the second line", len(first) + 5, []pipeline.Reason{pipeline.Pass, logsink.WriteError}, first + second[:5] + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := &disk{room: tc.room}
			env := pipelinetest.Env(t)
			env.Stdout = out
			sink, err := logsink.New(logsink.Settings{Format: logsink.Text, Verbosity: 2}, env)
			if err != nil {
				t.Fatal(err)
			}
			failed := make([]pipeline.Reason, 2)
			sink.Deliver(batch(), failed)
			if diff := cmp.Diff(tc.reasons, failed); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
			out.room = 1 << 20
			clear(failed)
			sink.Deliver(batch(), failed)
			if diff := cmp.Diff(tc.want+first+second, out.String()); diff != "" || slices.Max(failed) != pipeline.Pass {
				t.Errorf("failed %v, lines (-want +got):\n%s", failed, diff)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	want := &logsink.Settings{Format: "text", Verbosity: 1}
	if diff := cmp.Diff(want, logsink.Plugin().NewSettings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		s       logsink.Settings
		setting string
	}{
		{"verbosity 0", logsink.Settings{Format: logsink.Text}, "verbosity"},
		{"verbosity 4", logsink.Settings{Format: logsink.Text, Verbosity: 4}, "verbosity"},
		{"no format", logsink.Settings{Verbosity: 1}, "format"},
		{"unknown format", logsink.Settings{Format: "xml", Verbosity: 1}, "format"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := logsink.Plugin().Build(&tc.s, pipelinetest.Env(t))
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
		})
	}
}
