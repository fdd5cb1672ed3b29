package threat_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/filters/dedup"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// knowledge is what a forger knows of the client that it keeps from its messages. What
// it does not know it makes up for each.
type knowledge struct {
	name           string
	router, client bool
	ports, mtu     bool
}

var forgers = []knowledge{
	{name: "the client", client: true},
	{name: "the client, the MTU", client: true, mtu: true},
	{name: "the client, its ports, the MTU", client: true, ports: true, mtu: true},
	{name: "the client, its router", client: true, router: true},
	{name: "the client, its router, the MTU", client: true, router: true, mtu: true},
	{name: "all but the sequence number", client: true, router: true, ports: true, mtu: true},
}

// genuine is the message that the client needs, of which its router sends one with each
// packet that is too big.
var genuine = pipelinetest.PTB{MTU: 1400, SrcPort: listedPort, DstPort: 50000}

// genuineInterval is the time between two of them, and duration how long it goes on.
const (
	genuineInterval = 200 * time.Millisecond
	duration        = 20 * time.Second
)

// forge makes up a message.
func (k knowledge) forge(random *rand.Rand) pipelinetest.PTB {
	m := genuine
	if !k.router {
		m.Router = must(netip.AddrFromSlice(addrOf("11.0.0.0", random.IntN(1<<24))))
	}
	if !k.ports {
		m.DstPort = uint16(1024 + random.IntN(60_000))
	}
	if !k.mtu {
		m.MTU = uint32(600 + random.IntN(800))
	}
	return m
}

// TestStarvation prints how many of a client's messages pass the recommended
// configuration while somebody forges others about it, and how many passed when its
// limits counted by client alone.
func TestStarvation(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const alone = 2 // in a second, as dedup has it
	now, before := recommendedFilters(t, nil), recommendedFilters(t, byClient)
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "a forger knows\tand sends\tby client\trecommended")
	for _, k := range forgers {
		for _, rate := range []int{6, 60, 600} {
			got := starve(t, now, k, rate)
			fmt.Fprintf(w, "%s\t%d/s\t%.2f/s\t%.2f/s\n", k.name, rate, starve(t, before, k, rate), got)
			if !k.router && got < alone/2 {
				t.Errorf("who knows %s, and not the router, starves the client at %d/s: %.2f/s pass", k.name, rate, got)
			}
			if k.router && !k.ports && rate == 6 && got < alone/2 {
				t.Errorf("who knows %s starves the client at 6/s: %.2f/s pass", k.name, got)
			}
		}
	}
	_ = w.Flush() // to memory
	t.Logf("genuine messages about one client that pass, of %d/s without a forger\n%s", alone, &text)
}

// starve returns how many genuine messages pass in a second.
func starve(t *testing.T, filters []pipeline.Stage, k knowledge, rate int) float64 {
	t.Helper()
	p, err := pipeline.NewOffline(pipeline.Spec{Name: "p", Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)}, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	passes := func(m pipelinetest.PTB, at time.Duration) bool {
		packet := []pipeline.Packet{m.Packet(pipelinetest.Begin + pipeline.Instant(at))}
		packet[0].Decode()
		if _, err := p.Decide(packet, nil); err != nil {
			t.Fatal(err)
		}
		return packet[0].Verdict.Forward()
	}
	random := rand.New(rand.NewPCG(1, 2))
	passed := 0
	next := duration / 1000 // of the genuine ones, so that neither is always the first
	for at := time.Duration(0); at < duration; at += time.Second / time.Duration(rate) {
		for ; next <= at; next += genuineInterval + time.Duration(random.IntN(int(genuineInterval)/10)) {
			if passes(genuine, next) {
				passed++
			}
		}
		passes(k.forge(random), at)
	}
	return float64(passed) / duration.Seconds()
}

// recommendedFilters returns the filters of the recommended configuration, changed.
func recommendedFilters(t *testing.T, change func(settings any)) []pipeline.Stage {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recommended.yaml")
	if err := os.WriteFile(path, []byte(configs.Recommended("yaml")), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(t.Context(), []string{path}, cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	filters := f.Specs()[0].Filters
	for _, stage := range filters {
		if change != nil {
			change(stage.Settings)
		}
	}
	return filters
}

// byClient has limits count what is said of a client, whoever says it.
func byClient(settings any) {
	switch s := settings.(type) {
	case *dedup.Settings:
		s.Key = key.Fields{key.Client, key.Target, key.MTU}
	case *srcrate.Settings:
		s.Key = key.Fields{key.Client}
	case *ifacerate.Settings:
		s.FairBy = key.Fields{key.Client}
	}
}
