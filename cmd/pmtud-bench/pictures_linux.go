package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/bench"
	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/picture"
)

// pictures are the charts of the README.
type pictures struct {
	dir           string // empty: they are not wanted
	recovery, cpu []picture.Group
}

// shown are the ways to run pmtud that the chart of recovery has, and what it calls them.
var shown = []struct {
	name, as string
	class    picture.Class
}{
	{"nothing", "without pmtud", picture.Bad},
	{"compat", "original limits", picture.Plain},
	{"recommended", "recommended", picture.Good},
}

// addRecovery adds the downloads that complete, of so many clients and meanwhile so many
// forged messages per second.
func (p *pictures) addRecovery(clients, flood int, results []lab.Compared) {
	g := picture.Group{Name: fmt.Sprintf("%d clients at once", clients)}
	if flood > 0 {
		g.Name += fmt.Sprintf(", and %d,000 forged messages per second", flood/1000)
	}
	for _, s := range shown {
		for _, r := range results {
			if r.Name == s.name {
				g.Bars = append(g.Bars, recoveryBar(s.as, s.class, r))
			}
		}
	}
	p.recovery = append(p.recovery, g)
}

func recoveryBar(name string, class picture.Class, r lab.Compared) picture.Bar {
	b := picture.Bar{Name: name, Class: class, Value: float64(r.Completed()) / float64(len(r.Downloads))}
	b.Text = fmt.Sprintf("%d of %d", r.Completed(), len(r.Downloads))
	if within := r.Within(0.99); within != lab.Never {
		b.Text += fmt.Sprintf(", 99%% in %.1f s", within.Seconds())
	}
	return b
}

// addCPU adds the CPU times for a packet of a flood.
func (p *pictures) addCPU(tap string, times []bench.CPUTime) {
	name := map[string]string{"live": "capture", "nflog": "netfilter log (NFLOG)"}[tap]
	g := picture.Group{Name: name}
	for i, c := range times {
		class := picture.Good
		if i == 0 {
			class = picture.Plain // tcpdump
		}
		g.Bars = append(g.Bars, picture.Bar{Name: c.Program, Value: float64(c.Time), Text: nanoseconds(c.Time), Class: class})
	}
	p.cpu = append(p.cpu, g)
}

func nanoseconds(d time.Duration) string { return fmt.Sprintf("%d ns", d.Nanoseconds()) }

// write writes a picture of what was measured.
func (p *pictures) write() error {
	if p.dir == "" {
		return nil
	}
	var errs []error
	for name, chart := range map[string]picture.Chart{
		"recovery.svg": {Title: "Downloads that complete within 20 s", Groups: p.recovery, Full: 1},
		"cpu.svg":      {Title: "CPU time per packet under a flood", Groups: p.cpu},
	} {
		if len(chart.Groups) > 0 {
			errs = append(errs, os.WriteFile(filepath.Join(p.dir, name), []byte(picture.Bars(chart)), 0o644))
		}
	}
	return errors.Join(errs...)
}
