package linklayer_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestLinkTypeDecoded wants Decoded to tell the truth: of the link types that are
// not, no packet has an IP header.
func TestLinkTypeDecoded(t *testing.T) {
	found := map[linklayer.Type]bool{}
	ptb := pipelinetest.PTB{}.Frame()
	for n := range 1 << 16 {
		link := linklayer.Type(n)
		for skip := range ptb { // some of these beginnings suits every link type
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
		149:                "149 (USER2)",
		60000:              "60000",
	} {
		if got := link.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
