package relay_test

import (
	"encoding/binary"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/sinks/relay"
)

// FuzzRehearse looks for packets at which the sink panics, or that it would seal though no
// source would take them.
func FuzzRehearse(f *testing.F) {
	for _, p := range pipelinetest.Packets() {
		if len(p.Data) > 60 && p.Time%97 == 0 {
			f.Add(p.Data, p.Length, uint16(p.LinkType))
		}
	}
	built, err := relay.Plugin().Build(settings(f, "192.0.2.1"), pipelinetest.Env(f))
	if err != nil {
		f.Fatal(err)
	}
	sink := built.(pipeline.DryRunner)
	now := pipelinetest.Begin
	f.Fuzz(func(t *testing.T, data []byte, length int, link uint16) {
		now += 3e9 // so that nothing is a repetition
		p := pipeline.Packet{Data: data[:len(data):len(data)], Length: length, LinkType: linklayer.Type(link), Clock: now}
		p.Decode()
		reason := sink.DryRun(&p, func(link linklayer.Type, ip []byte) { checkSealed(t, link, ip) })
		if int(reason) > len(relay.Plugin().Reasons) {
			t.Errorf("reason %d is not declared", reason)
		}
	})
}

// checkSealed checks that an IP packet is one that a source takes.
func checkSealed(t *testing.T, link linklayer.Type, ip []byte) {
	t.Helper()
	p := pipeline.Packet{Data: ip, Length: len(ip), LinkType: link}
	p.Decode()
	if p.PTB == 0 || len(ip) > sealed.MaxPacket {
		t.Fatalf("%d bytes, decoded as %+v", len(ip), p.View)
	}
	length, ttl := int(binary.BigEndian.Uint16(ip[2:])), ip[8]
	if p.PTB == 6 {
		length, ttl = 40+int(binary.BigEndian.Uint16(ip[4:])), ip[7]
	}
	if length != len(ip) || ttl == 0 {
		t.Errorf("length %d of %d bytes, TTL %d", length, len(ip), ttl)
	}
}
