package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// twoSinks is a pipeline whose sinks get different packets.
const twoSinks = `
pipelines:
  two:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: length}, {type: mtu}, {type: src-rate, rate: 5}, {type: iface-rate, rate: 50}]
    sinks:
      - {type: broadcast, interface: eth0}
      - {type: broadcast, name: small, interface: eth1, filters: [{type: mtu, max: 1300}, {type: iface-rate, rate: 3}]}
      - {type: log, verbosity: 2}
`

// spec returns the pipeline of a configuration.
func spec(t *testing.T, text string) pipeline.Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(t.Context(), []string{path}, cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	return f.Specs()[0]
}

// outputs is all that a replay writes.
type outputs struct{ summary, verdicts, sent string }

// run replays captures and returns what it wrote.
func run(ctx context.Context, t *testing.T, text string, o replay.Options) (outputs, error) {
	t.Helper()
	var summary, verdicts, sent bytes.Buffer
	o.Verdicts, o.Write, o.WriteFormat = &verdicts, &sent, capfile.Pcapng
	s, err := replay.Run(ctx, spec(t, text), o)
	if err := s.Print(&summary); err != nil {
		t.Fatal(err)
	}
	return outputs{summary.String(), verdicts.String(), sent.String()}, err
}

// mixed are frames of which some are forwarded, some limited and some hostile,
// half a millisecond apart and more, from begin on.
func mixed(begin pipeline.Instant) (packets []pipeline.Packet) {
	hostile := slices.DeleteFunc(pipelinetest.Packets(), func(p pipeline.Packet) bool {
		return p.LinkType != linklayer.Ethernet
	})
	at := begin
	for i := range 4000 {
		at += pipeline.Instant(time.Duration(500+i%7*300) * time.Microsecond)
		m := pipelinetest.PTB{Router: netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 37)}), MTU: 1200 + uint32(i%3)*100}
		p := m.Packet(at)
		if i%3 == 0 {
			p = hostile[i%len(hostile)]
			p.Time = at
		}
		packets = append(packets, p)
	}
	return packets
}

// capture writes a capture to a folder of its own.
func capture(t *testing.T, name string, packets []pipeline.Packet) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	writeCapture(t, path, packets)
	return path
}

// TestSameOutput wants the same bytes whatever the number of processors, the
// speed, the format of the capture and the order of arguments are.
func TestSameOutput(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	packets := mixed(pipelinetest.Begin)
	pcap, pcapng := capture(t, "in.pcap", packets), capture(t, "in.pcapng", packets)
	even := capture(t, "even.pcap", everySecond(packets, 0))
	odd := capture(t, "odd.pcapng", everySecond(packets, 1))
	first, second := capture(t, "1.pcap", packets[:2000]), capture(t, "2.pcap", packets[2000:])

	want, err := run(t.Context(), t, twoSinks, replay.Options{Captures: []string{pcap}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"src-rate: rate-limited", "iface-rate: rate-limited", "icmp-ptb: not-ptb", "small, for "} {
		if !strings.Contains(want.summary, part) {
			t.Fatalf("%q is missing, so that the test tests too little:\n%s", part, want.summary)
		}
	}
	for _, processors := range []int{1, 8} {
		for _, speed := range []replay.Speed{0, 100, 1e6} {
			for name, captures := range map[string][]string{
				"pcap": {pcap}, "pcapng": {pcapng},
				"merged": {even, odd}, "merged the other way round": {odd, even},
				"in two pieces": {first, second}, "the second piece first": {second, first},
			} {
				t.Run(fmt.Sprintf("%s, %d processors, speed %v", name, processors, speed), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
					got, err := run(t.Context(), t, twoSinks, replay.Options{Captures: captures, Speed: speed})
					if err != nil {
						t.Fatal(err)
					}
					if len(captures) > 1 {
						got.verdicts = renumbered(got.verdicts)
					}
					if diff := cmp.Diff(want, got, cmp.AllowUnexported(outputs{})); diff != "" {
						t.Errorf("(-pcap +got):\n%.2000s", diff)
					}
				})
			}
		}
	}
}

// place is where a verdict of several captures says that its packet is.
var place = regexp.MustCompile(`(?m)^{"capture":"[^"]*","packet":\d+,`)

// renumbered makes verdicts of several captures those of one.
func renumbered(verdicts string) string {
	n := 0
	return place.ReplaceAllStringFunc(verdicts, func(string) string {
		n++
		return fmt.Sprintf(`{"packet":%d,`, n)
	})
}

func everySecond(packets []pipeline.Packet, from int) (out []pipeline.Packet) {
	for i := from; i < len(packets); i += 2 {
		out = append(out, packets[i])
	}
	return out
}

// TestSameTime merges captures whose packets have the same time stamps: then the
// order of the arguments counts.
func TestSameTime(t *testing.T) {
	a := pipelinetest.PTB{MTU: 1001}.Packet(pipelinetest.Begin)
	b := pipelinetest.PTB{MTU: 1002}.Packet(pipelinetest.Begin)
	paths := []string{capture(t, "a.pcap", []pipeline.Packet{a}), capture(t, "b.pcap", []pipeline.Packet{b})}
	got, err := run(t.Context(), t, twoSinks, replay.Options{Captures: paths})
	if err != nil {
		t.Fatal(err)
	}
	if i, j := strings.Index(got.verdicts, `"mtu":1001`), strings.Index(got.verdicts, `"mtu":1002`); i < 0 || j < i {
		t.Errorf("verdicts are\n%s", got.verdicts)
	}
}

// TestDamagedCaptures wants what is readable of all captures to be decided, and
// all errors to be told.
func TestDamagedCaptures(t *testing.T) {
	packets := mixed(pipelinetest.Begin)
	cut := capture(t, "cut.pcap", everySecond(packets, 0))
	info, err := os.Stat(cut)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(cut, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	whole := capture(t, "whole.pcap", everySecond(packets, 1))
	want, err := run(t.Context(), t, twoSinks, replay.Options{Captures: []string{capture(t, "in.pcap", slices.Delete(slices.Clone(packets), 3998, 3999))}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := run(t.Context(), t, twoSinks, replay.Options{Captures: []string{"nowhere.pcap", cut, whole}})
	got.verdicts = renumbered(got.verdicts)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outputs{})); diff != "" {
		t.Errorf("(-without the damage +with it):\n%.2000s", diff)
	}
	var damage *capfile.Error
	if !errors.As(err, &damage) || damage.Name != cut || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

// TestInterrupt ends a replay that waits for its next packet, and one that waits
// for standard input. What it wrote is the beginning of what it would have.
func TestInterrupt(t *testing.T) {
	packets := mixed(pipelinetest.Begin)
	packets[1000].Time += pipeline.Instant(time.Hour)
	path := capture(t, "in.pcap", packets)
	whole, err := run(t.Context(), t, twoSinks, replay.Options{Captures: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]replay.Options{
		"waits for time":  {Captures: []string{path}, Speed: 1000},
		"waits for input": {Captures: []string{capfile.Stdin}, Stdin: io.MultiReader(bytes.NewReader(text[:len(text)/2]), forever{})},
		"waits for one of two": {
			Captures: []string{path, capfile.Stdin},
			Stdin:    io.MultiReader(bytes.NewReader(text[:24]), forever{}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			soon := sync.OnceFunc(func() { time.AfterFunc(300*time.Millisecond, cancel) })
			if name == "waits for one of two" { // and decides nothing until then
				soon()
			}
			o.Progress = func(packets, _ uint64) {
				if packets > 0 {
					soon()
				}
			}
			got, err := run(ctx, t, twoSinks, o)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
			if !strings.HasPrefix(whole.verdicts, got.verdicts) || !strings.HasPrefix(whole.sent, got.sent) {
				t.Errorf("what was written is not the beginning of the whole")
			}
			if name != "waits for one of two" && (got.verdicts == "" || got.verdicts[len(got.verdicts)-1] != '\n') {
				t.Errorf("verdicts are %.200q", got.verdicts)
			}
		})
	}
}

// forever is a stream in which nothing ever comes.
type forever struct{}

func (forever) Read([]byte) (int, error) { select {} }

// TestWriteErrors wants the error of an output to end the replay, once told.
func TestWriteErrors(t *testing.T) {
	path := capture(t, "in.pcap", mixed(pipelinetest.Begin))
	full := errors.New("disk is full")
	for name, o := range map[string]replay.Options{
		"verdicts": {Verdicts: failing{full}},
		"write":    {Write: failing{full}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Captures = slices.Repeat([]string{path}, 10)
			_, err := replay.Run(t.Context(), spec(t, twoSinks), o)
			if !errors.Is(err, full) || strings.Count(err.Error(), "full") != 1 {
				t.Errorf("error is %v", err)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestWriteOfNoTime has packets whose time stamps are none of a pcap file: they are
// written with another, with one warning.
func TestWriteOfNoTime(t *testing.T) {
	late := pipeline.InstantOf(time.Date(2107, 1, 1, 0, 0, 0, 0, time.UTC))
	var packets []pipeline.Packet
	for _, at := range []pipeline.Instant{pipelinetest.Begin, late, late + 1e9} {
		packets = append(packets, pipelinetest.PTB{}.Packet(at))
	}
	var sent bytes.Buffer
	var warnings []string
	_, err := replay.Run(t.Context(), spec(t, twoSinks), replay.Options{
		Captures: []string{capture(t, "a.pcapng", packets)}, Write: &sent, WriteFormat: capfile.Pcap,
		Warn: func(w error) { warnings = append(warnings, w.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"write what would be sent: packet 2: a pcap file can't hold its timestamp; it is written as 2106-02-07T06:28:15Z"}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	r := capfile.NewReader(&sent, capfile.ReaderOptions{})
	defer r.Close()
	got := make([]pipeline.Packet, 4)
	if n, err := r.ReadBatch(got); n != 3 || err != nil || got[2].Time.Time().Year() != 2106 {
		t.Errorf("%d packets, %v, the last of %v", n, err, got[2].Time.Time())
	}
}

// TestReshape wants packets to be cut as the source would have done, those of the
// wrong direction to be left out with their reason, and numbers to count them too.
func TestReshape(t *testing.T) {
	path := capture(t, "in.pcapng", incomingAmongOthers())
	got, err := run(t.Context(), t, strings.Replace(twoSinks, "eth0}", "eth0, snaplen: 142}", 1), replay.Options{Captures: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	want := `packets       5
forwarded     2
dropped       1  icmp-ptb: truncated
not captured  1  other-host
not captured  1  outgoing
cut           1  by the capture; the daemon would have seen them whole
sent          2  broadcast, for 2 packets
sent          0  small, for 0 packets
given         3  log, which sends nothing
`
	if diff := cmp.Diff(want, got.summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	for i, want := range []string{
		`{"packet":1,"time":"2026-01-02T03:04:05.000000Z","verdict":"not-captured","reason":"outgoing","router":"203.0.113.1",`,
		`{"packet":2,"time":"2026-01-02T03:04:05.000000001Z","verdict":"not-captured","reason":"other-host",`,
		`{"packet":3,"time":"2026-01-02T03:04:05.000000002Z","verdict":"forward",`,
		`{"packet":4,"time":"2026-01-02T03:04:05.000000003Z","verdict":"forward",`,
		`{"packet":5,"time":"2026-01-02T03:04:05.000000004Z","cut":true,"verdict":"drop","stage":"icmp-ptb","reason":"truncated",`,
	} {
		if line := strings.Split(got.verdicts, "\n")[i]; !strings.HasPrefix(line, want) {
			t.Errorf("verdict is %s, want %s...", line, want)
		}
	}

	// What the source would have cut as well is not the capture's fault.
	got, err = run(t.Context(), t, strings.Replace(twoSinks, "eth0}", "eth0, snaplen: 141}", 1), replay.Options{Captures: []string{path}})
	if err != nil || !strings.Contains(got.summary, "dropped       3  icmp-ptb: truncated") || strings.Contains(got.summary, "cut ") {
		t.Errorf("error %v, summary:\n%s", err, got.summary)
	}
}

// TestMergedNumbers wants packets of several captures to be named by capture and
// number.
func TestMergedNumbers(t *testing.T) {
	packets := incomingAmongOthers()
	a, b := capture(t, "a.pcapng", everySecond(packets, 0)), capture(t, "b.pcapng", everySecond(packets, 1))
	got, err := run(t.Context(), t, twoSinks, replay.Options{Captures: []string{a, b}})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(got.verdicts, "\n")
	shared := filepath.Dir(filepath.Dir(a)) + "/"
	name := func(path string, number int) string {
		return fmt.Sprintf(`{"capture":%q,"packet":%d,`, strings.TrimPrefix(path, shared), number)
	}
	for i, want := range []string{
		name(a, 1), name(b, 1),
		name(a, 2), name(b, 2),
		name(a, 3),
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("verdict is %s, want %s...", lines[i], want)
		}
	}
}

// TestOriginalSpeed wants a replay to take its time, and to show verdicts before
// it waits.
func TestOriginalSpeed(t *testing.T) {
	var packets []pipeline.Packet
	for i := range 3 {
		packets = append(packets, pipelinetest.PTB{}.Packet(pipelinetest.Begin+pipeline.Instant(i)*pipeline.Instant(200*time.Millisecond)))
	}
	began := time.Now()
	var seen []time.Duration
	var progress []uint64
	_, err := replay.Run(t.Context(), spec(t, twoSinks), replay.Options{
		Captures: []string{capture(t, "in.pcap", packets)}, Speed: 2,
		Verdicts: writer(func(text []byte) {
			if bytes.Count(text, []byte("\n")) != 1 {
				t.Errorf("verdicts come together: %q", text)
			}
			seen = append(seen, time.Since(began))
		}),
		Progress: func(_, size uint64) { progress = append(progress, size) },
	})
	if err != nil || len(seen) != 3 || seen[2]-seen[0] < 190*time.Millisecond {
		t.Errorf("verdicts come at %v, error %v", seen, err)
	}
	size := uint64(len(packets[0].Data))
	if diff := cmp.Diff([]uint64{size, 2 * size, 3 * size}, progress); diff != "" {
		t.Errorf("bytes that were shown as progress (-want +got):\n%s", diff)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// writeCapture writes a capture of the format that its name asks for.
func writeCapture(t *testing.T, path string, packets []pipeline.Packet) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := capfile.NewWriter(f, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.FormatOf(path)}})
	for i := range packets {
		err = errors.Join(err, w.Write(&packets[i]))
	}
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}
