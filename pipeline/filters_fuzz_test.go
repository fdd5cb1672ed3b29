package pipeline_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/dedup"
	"github.com/pmtud/pmtud/filters/expr"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/filters/sourcelist"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/filters/vips"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/prefixset"
)

// FuzzFilters takes hostile bytes through all filters, in a chain and each alone,
// as the filters of sinks that are offered every packet: no filter panics, gives a
// reason that it did not declare, or changes the bytes.
func FuzzFilters(f *testing.F) {
	if testing.Short() {
		f.Skip("slow")
	}
	for i, p := range pipelinetest.Packets() {
		if i%37 == 0 {
			f.Add(uint16(p.LinkType), uint8(i), p.Data, uint16(i%3), []byte{0, 10, 200})
		}
	}
	for _, data := range vectors(f) {
		f.Add(uint16(linklayer.Ethernet), uint8(0), data, uint16(0), []byte{1})
	}
	f.Fuzz(func(t *testing.T, link uint16, kind uint8, data []byte, missing uint16, steps []byte) {
		p, err := pipeline.NewOffline(allFilters(t))
		if err != nil {
			t.Fatal(err)
		}
		data = slices.Clip(data) // an access behind the end panics
		before := bytes.Clone(data)
		at := pipelinetest.Begin
		for _, step := range steps[:min(len(steps), 8)] {
			at += pipeline.Instant(int8(step)) * pipeline.Instant(100*time.Millisecond)
			pkt := pipeline.Packet{
				Data: data, Length: len(data) + int(missing), Time: at,
				LinkType: linklayer.Type(link), Type: linklayer.PacketType(kind % 6),
			}
			if _, err := p.Trace(&pkt); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(before, data) {
				t.Fatal("the bytes were changed")
			}
		}
		for _, s := range p.Counters().Sinks {
			for _, d := range s.Dropped {
				if packetsWith(d.Reasons, "undeclared") != 0 {
					t.Errorf("filter %s gave a reason that it did not declare", d.Stage)
				}
			}
		}
	})
}

func allFilters(t testing.TB) pipeline.Spec {
	var prefixes [2]prefixset.Prefix
	for i, text := range []string{"203.0.113.2", "2001:db8:f::/64"} {
		if err := prefixes[i].UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	all := compat(1)
	all[4].Settings.(*srcrate.Settings).MaxSources = 2
	copies := dedup.Plugin().NewSettings().(*dedup.Settings)
	copies.MaxEntries, copies.Key = 2, key.Fields{key.Flow, key.Target, key.RouterPrefix}
	fair := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	fair.FairBy, fair.MaxKeys = key.Fields{key.Client, key.MTU}, 2
	all = append(all,
		stage(dedup.Plugin(), copies),
		pipeline.Stage{Name: "fair", Plugin: ifacerate.Plugin(), Settings: fair},
		stage(sourcelist.Plugin(), &sourcelist.Settings{Deny: prefixes[:], Peers: true}),
		stage(sane.Plugin(), nil),
		stage(vips.Plugin(), &vips.Settings{Prefixes: prefixes[:], From: "lo"}),
		stage(expr.Plugin(), &expr.Settings{When: `family == 4 and ttl > 1 or src in "::/0" and proto == "tcp" and sport + dport < length or known(vlan) and vlan < mtu`}))
	spec := pipeline.Spec{
		QueueSize: 1,
		Sources:   []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Sinks:     []pipeline.SinkStage{sinkStage("all", sink{drops: true}, all...)},
	}
	for i, s := range all {
		spec.Sinks = append(spec.Sinks, sinkStage(fmt.Sprint(i), sink{drops: true}, s))
	}
	return spec
}
