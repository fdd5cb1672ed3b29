package vectors_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// TestOriginalDropsCanaries shows what a daemon does with a canary that knows none: the original one rejects every
// message of next-hop MTU 0, and so does the filter of older pmtud. Both ignore what is broadcast.
func TestOriginalDropsCanaries(t *testing.T) {
	families := map[string]bool{}
	for _, v := range loadVectors(t, "default") {
		if v.mtu == "0" {
			family, _, _ := strings.Cut(v.name, "-")
			families[family] = true
			if v.verdict != "reject" || v.reason != "bad-mtu" {
				t.Errorf("%s: %s %s", v.name, v.verdict, v.reason)
			}
		}
	}
	if !families["v4"] || !families["v6"] {
		t.Errorf("vectors have an MTU of 0 for %v only", families)
	}

	m := canary.Message{Name: "web1", Interval: time.Second}
	for name, tc := range map[string]struct {
		ip        []byte
		etherType []byte
	}{"IPv4": {m.IPv4(), []byte{0x08, 0x00}}, "IPv6": {m.IPv6(), []byte{0x86, 0xdd}}} {
		for to, want := range map[byte][2]pipeline.Reason{
			0x02: {pipeline.Pass, mtu.BadMTU},
			0xff: {icmpptb.Broadcast, mtu.BadMTU},
		} {
			frame := bytes.Join([][]byte{bytes.Repeat([]byte{to}, 6), {2, 0, 0, 0, 0, 1}, tc.etherType, tc.ip}, nil)
			p := pipeline.NewPacket(frame, linklayer.Ethernet, time.Now())
			p.Decode()
			for i, plugin := range []pipeline.Plugin{icmpptb.Plugin(), mtu.Plugin()} {
				stage, err := plugin.Build(plugin.NewSettings(), pipeline.Env{})
				if err != nil {
					t.Fatal(err)
				}
				if got := stage.(pipeline.Filter).Filter(&p); got != want[i] {
					t.Errorf("%s to %x: %s gives %d, want %d", name, to, plugin.Type, got, want[i])
				}
			}
		}
	}
}
