package linklayer_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestLinkTypeDecoded compares Decoded with the link types of which a packet's IP header is
// found.
func TestLinkTypeDecoded(t *testing.T) {
	found := map[linklayer.Type]bool{}
	ptb := pipelinetest.PTB{}.Frame()
	for n := range 1 << 16 {
		link := linklayer.Type(n)
		for skip := range ptb { // one of these beginnings suits each link type
			p := pipeline.Packet{Data: ptb[skip:], LinkType: link}
			p.Decode()
			found[link] = found[link] || p.Network >= 0
		}
		for _, header := range []string{"\x00\x21", "\x11\x00\x00\x00\x00\x00\x00\x21", "\x02\x00\x00\x00", "\x00\x00\x00\x02"} {
			p := pipeline.Packet{Data: append([]byte(header), ptb[14:]...), LinkType: link}
			p.Decode()
			found[link] = found[link] || p.Network >= 0
		}
		if found[link] != link.Decoded() {
			t.Errorf("link type %v: decoded %t, Decoded says %t", link, found[link], link.Decoded())
		}
	}
}

func TestLinkTypeString(t *testing.T) {
	for link, want := range map[linklayer.Type]string{
		linklayer.Ethernet: "1 (ETHERNET)",
		105:                "105 (IEEE802_11)",
		146:                "146",
		147:                "147 (USER0)",
		162:                "162 (USER15)",
		163:                "163 (IEEE802_11_AVS)",
		60000:              "60000",
	} {
		if got := link.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
