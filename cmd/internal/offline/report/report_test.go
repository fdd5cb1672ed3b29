package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/cmd/internal/offline/report"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

const samples = "../../../../testdata/replay"

// spec returns a pipeline of a configuration of the samples.
func spec(t *testing.T, file, name string) pipeline.Spec {
	t.Helper()
	f, err := config.Load(t.Context(), []string{filepath.Join(samples, file)}, cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Specs() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no pipeline %q", name)
	return pipeline.Spec{}
}

// run replays captures and returns the page and what the replay came to.
func run(t *testing.T, s pipeline.Spec, captures ...string) (string, *replay.Summary) {
	t.Helper()
	r := report.New()
	summary, err := replay.Run(t.Context(), s, replay.Options{Captures: captures, Observe: r.Add})
	if summary == nil {
		t.Fatal(err)
	}
	about := report.About{Pipeline: s.Name, Trouble: err}
	for _, c := range captures {
		about.Captures = append(about.Captures, filepath.Base(c))
	}
	return written(t, r, about, summary), summary
}

// written returns a page about a replay.
func written(t *testing.T, r *report.Report, about report.About, s *replay.Summary) string {
	t.Helper()
	p := report.Page{Title: "Replay through " + about.Pipeline, Program: "pmtud"}
	p.Add(r, about, s)
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func writeCapture(t *testing.T, packets []pipeline.Packet) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "in.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := capfile.NewWriter(f, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng}})
	for i := range packets {
		if err := w.Write(&packets[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGolden(t *testing.T) {
	page, _ := run(t, spec(t, "edge.yaml", "edge"),
		filepath.Join(samples, "ports.pcap"), filepath.Join(samples, "rates.pcapng.zst"))
	goldentest.Compare(t, "testdata/edge.html", page)
}

// TestFigures compares the figures of the page with the replay's summary.
func TestFigures(t *testing.T) {
	sample := func(name string) string { return filepath.Join(samples, name) }
	for name, tc := range map[string]struct{ config, pipeline, capture string }{
		"limits":         {"edge.yaml", "edge", sample("rates.pcapng.zst")},
		"forged packets": {"believable.yaml", "sane", sample("forged.pcap")},
		"peers":          {"peers.toml", "peers", sample("peers.pcap.gz")},
		"clients":        {"clients.yaml", "news", sample("clients.pcap.zst")},
		"not captured":   {"edge.yaml", "edge", writeCapture(t, outgoing())},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(t, tc.config, tc.pipeline)
			page, summary := run(t, s, tc.capture)
			tables := tablesOf(t, page)
			want := map[string]uint64{"captures: packets": summary.Packets, "forwarded: packets": summary.Forwarded}
			for _, c := range summary.Dropped {
				want[c.Stage+": "+c.Reason] = c.Packets
			}
			for _, c := range summary.NotCaptured {
				want["captures: not captured: "+c.Reason] = c.Packets
			}
			got := map[string]uint64{}
			for _, row := range tables["Stages"][1:] {
				if n := count(t, row[2]); n > 0 {
					got[row[0]+": "+row[1]] = n
				}
			}
			if diff := cmp.Diff(nonzero(want), got); diff != "" {
				t.Errorf("stages (-summary +page):\n%s", diff)
			}
			got = columns(t, tables["Verdicts over time"])
			if diff := cmp.Diff(verdicts(summary, got), got); diff != "" {
				t.Errorf("timeline (-summary +page):\n%s", diff)
			}
			var sent, wantSent []uint64
			for _, row := range tables["Sinks"][1:] {
				sent = append(sent, count(t, row[1]), count(t, row[2]))
			}
			for _, sink := range summary.Sinks {
				wantSent = append(wantSent, sink.Got, sink.Sent)
			}
			if diff := cmp.Diff(wantSent, sent); diff != "" {
				t.Errorf("sinks (-summary +page):\n%s", diff)
			}
		})
	}
}

// outgoing returns packets of which every third was sent by the host itself.
func outgoing() (packets []pipeline.Packet) {
	for i := range 10 {
		p := (&pipelinetest.PTB{MTU: 1400}).Packet(pipelinetest.Begin + pipeline.Instant(i))
		if i%3 == 0 {
			p.Type = linklayer.TypeOutgoing
		}
		packets = append(packets, p)
	}
	return packets
}

// verdicts returns what the columns of a timeline are to add up to. Reasons without a
// column belong to the other drops.
func verdicts(s *replay.Summary, columns map[string]uint64) map[string]uint64 {
	out := map[string]uint64{"forwarded": s.Forwarded}
	for _, c := range s.Dropped {
		name := c.Stage + ": " + c.Reason
		if _, ok := columns[name]; !ok {
			name = "other drops"
		}
		out[name] += c.Packets
	}
	for _, c := range s.NotCaptured {
		out["not captured"] += c.Packets
	}
	return nonzero(out)
}

func nonzero(counts map[string]uint64) map[string]uint64 {
	for k, n := range counts {
		if n == 0 {
			delete(counts, k)
		}
	}
	return counts
}

// columns adds up the columns of a table but the first.
func columns(t *testing.T, rows [][]string) map[string]uint64 {
	t.Helper()
	sums := map[string]uint64{}
	for _, row := range rows[1:] {
		for i, cell := range row[1:] {
			sums[rows[0][i+1]] += count(t, cell)
		}
	}
	return sums
}

// count reads a number of the page; text is 0.
func count(t *testing.T, cell string) uint64 {
	t.Helper()
	if cell == "sends nothing" {
		return 0
	}
	n, err := strconv.ParseUint(strings.ReplaceAll(cell, ",", ""), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tablesOf returns the cells of all tables by the title of their section. The page has to
// be well-formed for it.
func tablesOf(t *testing.T, page string) map[string][][]string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	tables := map[string][][]string{}
	var title, text string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return tables
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			text = ""
			if token.Name.Local == "tr" {
				tables[title] = append(tables[title], nil)
			}
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			rows := tables[title]
			switch token.Name.Local {
			case "h2":
				title = text
			case "th", "td":
				rows[len(rows)-1] = append(rows[len(rows)-1], text)
			}
		}
	}
}

// TestAlone wants a page that is whole, loads nothing and runs nothing.
func TestAlone(t *testing.T) {
	page, _ := run(t, spec(t, "edge.yaml", "edge"), filepath.Join(samples, "rates.pcapng.zst"))
	tablesOf(t, page)
	for _, forbidden := range []string{"<script", "<link", "<img", "src=", "href=", "url(", "@import", "http:", "https:", " style=", " on"} {
		for _, at := range regexp.MustCompile(regexp.QuoteMeta(forbidden)+".{20}").FindAllString(page, -1) {
			if forbidden != " on" || regexp.MustCompile(`^ on\w+="`).MatchString(at) {
				t.Errorf("the page has %q", at)
			}
		}
	}
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	want := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; ", base64.StdEncoding.EncodeToString(hash[:]))
	if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
		t.Errorf("the page lacks %q", want)
	}
}

// TestSays wants what is special about captures to be said.
func TestSays(t *testing.T) {
	ptb := func(at pipeline.Instant) pipeline.Packet { return (&pipelinetest.PTB{MTU: 1400}).Packet(at) }
	timeless := ptb(0)
	for name, tc := range map[string]struct {
		packets []pipeline.Packet
		about   report.About
		want    []string
	}{
		"empty":           {nil, report.About{}, []string{"There are no packets in the captures."}},
		"no timestamps":   {[]pipeline.Packet{timeless}, report.About{}, []string{"No packet has a timestamp.", "without timestamps"}},
		"some timestamps": {[]pipeline.Packet{timeless, ptb(pipelinetest.Begin)}, report.About{}, []string{"Packets without a timestamp, which are not in the chart: 1."}},
		"damaged": {
			nil,
			report.About{Trouble: errors.New("read x.pcap: at byte 24: <b>")},
			[]string{"The captures were not replayed completely.", "at byte 24: &lt;b&gt;", "There are no packets in the captures."},
		},
		"hostile names": {
			[]pipeline.Packet{ptb(pipelinetest.Begin)},
			report.About{Pipeline: "</title><script>", Captures: []string{`"><img src=x onerror=alert(1)>.pcap`}},
			[]string{"&lt;/title&gt;&lt;script&gt;", "&lt;img src=x onerror=alert(1)&gt;.pcap"},
		},
		"many captures": {nil, report.About{Captures: make([]string, 25)}, []string{"and 5 more"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := report.New()
			summary, err := replay.Run(t.Context(), spec(t, "edge.yaml", "edge"), replay.Options{
				Captures: []string{writeCapture(t, tc.packets)}, Observe: r.Add,
			})
			if err != nil {
				t.Fatal(err)
			}
			page := written(t, r, tc.about, summary)
			tablesOf(t, page)
			for _, want := range tc.want {
				if !strings.Contains(page, want) {
					t.Errorf("%q is missing:\n%s", want, page)
				}
			}
		})
	}
}

// TestBounded wants pages of about the same size, and top lists that say how uncertain they
// are, for a capture that has too many routers to count each.
func TestBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	r := report.New()
	const packets = 200_000
	at := pipelinetest.Begin
	for i := range packets {
		p := (&pipelinetest.PTB{
			Router: netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}),
			MTU:    uint32(i % 5000),
		}).Packet(at)
		if i%4 == 0 {
			p = (&pipelinetest.PTB{Router: netip.MustParseAddr("203.0.113.7"), MTU: 1400}).Packet(at)
		}
		p.Decode()
		if i%3 == 0 {
			p.Verdict = pipeline.Verdict{Stage: "mtu", Reason: fmt.Sprintf("reason-%d", i%10)}
		}
		r.Add(&p)
		at += pipeline.Instant(time.Duration(i) * time.Millisecond)
	}
	page := written(t, r, report.About{}, &replay.Summary{Packets: packets})
	tables := tablesOf(t, page)
	if n := len(tables["Verdicts over time"]); n > 121 {
		t.Errorf("the timeline has %d rows", n)
	}
	if got, want := tables["Verdicts over time"][0], "other drops"; got[len(got)-1] != want {
		t.Errorf("the last column is %q, want %q", got[len(got)-1], want)
	}
	routers := tables["Routers"]
	if diff := cmp.Diff([]string{"203.0.113.7", "50,000"}, routers[1][:2]); diff != "" {
		t.Errorf("the heaviest router (-want +got):\n%s", diff)
	}
	if got, want := routers[0][len(routers[0])-1], "uncertain"; got != want {
		t.Errorf("the last column of the routers is %q, want %q", got, want)
	}
	if !strings.Contains(page, "There are too many to count exactly.") {
		t.Error("the page doesn't say that its lists are uncertain")
	}
	if len(page) > 200_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

// TestWriteFails wants the error of a stream that takes nothing more.
func TestWriteFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	err = new(report.Page).Write(full)
	if err == nil || !strings.Contains(err.Error(), "write report: ") {
		t.Errorf("got %v", err)
	}
}
