package peers_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sinks/peers"
)

// dryRun is a sink that needs no privileges.
func dryRun(texts ...string) *peers.Settings {
	s := peers.Plugin().NewSettings().(*peers.Settings)
	s.DryRun = true
	for _, text := range texts {
		var a peerlist.Address
		if err := a.UnmarshalText([]byte(text)); err != nil {
			panic(err) // all addresses are written here
		}
		s.Addresses = append(s.Addresses, a)
	}
	return s
}

func TestPluginDryRun(t *testing.T) {
	pipelinetest.TestSink(t, peers.Plugin(), dryRun("192.0.2.2", "192.0.2.3", "2001:db8::2"))
}

func TestSettings(t *testing.T) {
	sound := peerlist.Address{IP: netip.MustParseAddr("192.0.2.2")}
	for _, tc := range []struct {
		name     string
		settings peers.Settings
		want     string
	}{
		{"none", peers.Settings{Refresh: time.Second}, "addresses: is empty"},
		{"refresh below", peers.Settings{Addresses: []peerlist.Address{sound}, Refresh: time.Second - 1}, "refresh: must be from 1s to 24h, not 999.999999ms"},
		{"refresh above", peers.Settings{Addresses: []peerlist.Address{sound}, Refresh: 24*time.Hour + 1}, "refresh: must be from 1s to 24h, not 24h0m0.000000001s"},
		{"both", peers.Settings{}, "addresses: is empty\nrefresh: must be from 1s to 24h, not 0s"},
		{"lowest refresh", peers.Settings{Addresses: []peerlist.Address{sound}, Refresh: time.Second}, ""},
		{"highest refresh", peers.Settings{Addresses: []peerlist.Address{sound}, Refresh: 24 * time.Hour}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			if _, err := peers.Plugin().Build(&tc.settings, pipelinetest.Env(t)); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestDryRunCounts(t *testing.T) {
	sink := openDryRun(t, "192.0.2.2", "2001:db8::2", "192.0.2.3", "192.0.2.2")
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Decode()
	failed := make([]pipeline.Reason, 1)
	sink.Deliver([]*pipeline.Packet{&p}, failed)
	if failed[0] != pipeline.Pass {
		t.Errorf("reason %d", failed[0])
	}
	want := []peerlist.Count{
		{Peer: "192.0.2.2", Sent: 1}, {Peer: "2001:db8::2"}, {Peer: "192.0.2.3", Sent: 1}, {Peer: "192.0.2.2"},
	}
	if diff := cmp.Diff(want, sink.Counters(), cmpopts.IgnoreFields(peerlist.Count{}, "Failed")); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func openDryRun(t testing.TB, texts ...string) *peers.Sink {
	t.Helper()
	built, err := peers.Plugin().Build(dryRun(texts...), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	sink := built.(*peers.Sink)
	if err := sink.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	return sink
}

// FuzzDeliver looks for packets at which the sink panics or that it sends where
// it must not.
func FuzzDeliver(f *testing.F) {
	for _, p := range pipelinetest.Packets() {
		if len(p.Data) > 60 && p.Time%97 == 0 {
			f.Add(p.Data, p.Length, uint16(p.LinkType))
		}
	}
	sink := openDryRun(f, "203.0.113.2", "2001:db8:f::2", "192.0.2.2", "2001:db8::2")
	failed := make([]pipeline.Reason, 1)
	f.Fuzz(func(t *testing.T, data []byte, length int, link uint16) {
		p := pipeline.Packet{Data: data[:len(data):len(data)], Length: length, LinkType: linklayer.Type(link)}
		p.Decode()
		sink.Deliver([]*pipeline.Packet{&p}, failed)
		if failed[0] == pipeline.Pass && (p.PTB == 0 || p.Truncated() || len(p.Data) < p.ICMP+8) {
			t.Error("sent what is no whole PTB")
		}
		if int(failed[0]) > len(peers.Plugin().Reasons) {
			t.Errorf("reason %d is not declared", failed[0])
		}
	})
}
