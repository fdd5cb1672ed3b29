package icmpptb_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// links are those that live sources capture from.
var links = []linklayer.Type{linklayer.Ethernet, linklayer.Raw}

// FuzzKernelFilter checks that the kernel's part of the filter lets everything through that
// the filter would let pass: what it drops is lost without a trace.
func FuzzKernelFilter(f *testing.F) {
	for _, p := range pipelinetest.Packets()[:200] {
		f.Add(p.LinkType == linklayer.Raw, uint8(p.Type), p.Data)
	}
	for _, m := range []pipelinetest.PTB{{}, {VLAN: 7}, {Router: netip.MustParseAddr("2001:db8:f::1")}} {
		frame := m.Frame()
		f.Add(false, uint8(linklayer.TypeHost), frame)
		f.Add(true, uint8(linklayer.TypeHost), frame[14:])
	}
	filter := icmpptb.Plugin()
	built, err := filter.Build(filter.NewSettings(), pipelinetest.Env(f))
	if err != nil {
		f.Fatal(err)
	}
	kernel := built.(pipeline.KernelFilter)
	programs := map[linklayer.Type]*bpf.VM{}
	for _, link := range links {
		if programs[link], err = bpf.NewVM(kernel.KernelFilter(link, 2048)); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, raw bool, kind uint8, data []byte) {
		link := links[0]
		if raw {
			link = links[1]
		}
		p := pipeline.Packet{Data: data, Length: len(data), LinkType: link, Type: linklayer.PacketType(kind)}
		if pipelinetest.Decide(kernel, &p) != pipeline.Pass {
			return
		}
		seen := bytes.Clone(data)
		if p.Tag != 0 { // the kernel takes the outermost tag off before the program runs
			seen = slices.Delete(seen, 12, 16)
		}
		if n, err := programs[link].Run(seen); err != nil || n == 0 {
			t.Errorf("it passes the filter, but the kernel drops it (%v): link type %d, %x", err, link, data)
		}
	})
}
