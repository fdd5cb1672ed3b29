package nats

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/whole"
)

// build returns a sink for a server on which nobody connects.
func build(t *testing.T, change func(*Settings)) (*Sink, error) {
	t.Helper()
	s := Plugin().NewSettings().(*Settings)
	s.Key = []string{"a text that is long enough"}
	s.Servers = []natslink.Server{{Host: peerlist.Address{IP: netip.MustParseAddr("127.0.0.1")}, Port: 4222}}
	change(s)
	built, err := Plugin().Build(s, pipelinetest.Env(t))
	sink, _ := built.(*Sink)
	return sink, err
}

func TestSettings(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"key: number 1 is too short":                               func(s *Settings) { s.Key[0] = "short" },
		"token: is one way to authenticate, and `user` is another": func(s *Settings) { s.User, s.Token = "u", "t" },
		"tls_cert: is set without `tls_key`":                       func(s *Settings) { s.Cert = "c" },
	} {
		if _, err := build(t, change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestDefaults wants what the documentation says. Messages of other hosts must not go round.
func TestDefaults(t *testing.T) {
	plugin := Plugin()
	if subject := plugin.NewSettings().(*Settings).Subject.For(netip.Addr{}); subject != "pmtud.ptb" {
		t.Errorf("subject %s", subject)
	}
	if plugin.Reach != pipeline.ReachNetwork {
		t.Errorf("reach %d", plugin.Reach)
	}
}

func packet(mtu uint32) *pipeline.Packet {
	p := pipelinetest.PTB{MTU: mtu}.Packet(pipelinetest.Begin)
	p.Decode()
	p.Clock = p.Time
	return &p
}

// TestDryRun delivers without a server, and needs nothing of the host.
func TestDryRun(t *testing.T) {
	sink, err := build(t, func(s *Settings) { s.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Open(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(pipeline.Needs{}, sink.Needs()); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	failed := make([]pipeline.Reason, 3)
	sink.Deliver([]*pipeline.Packet{packet(1400), packet(1400), packet(1300)}, failed)
	if diff := cmp.Diff([]pipeline.Reason{pipeline.Pass, whole.Repeated, pipeline.Pass}, failed); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if r := sink.DryRun(packet(1200), func(linklayer.Type, []byte) { t.Error("a packet is recorded that is not published") }); r != pipeline.Pass {
		t.Errorf("reason %d", r)
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

// TestReplay records the IP packets that a sink would publish, and delivers none without a
// connection.
func TestReplay(t *testing.T) {
	sink, err := build(t, func(*Settings) {})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"127.0.0.1:4222"}, sink.Needs().TCP); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	var recorded [][]byte
	record := func(link linklayer.Type, b []byte) {
		if link != linklayer.Raw {
			t.Errorf("link type %v", link)
		}
		recorded = append(recorded, bytes.Clone(b))
	}
	for i, want := range []pipeline.Reason{pipeline.Pass, whole.Repeated} {
		if r := sink.DryRun(packet(1400), record); r != want {
			t.Errorf("packet %d: reason %d, want %d", i, r, want)
		}
	}
	want := bytes.Clone(packet(1400).IP().Bytes)
	want[8]--
	want[10]++
	if diff := cmp.Diff([][]byte{want}, recorded); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	failed := make([]pipeline.Reason, 2)
	sink.Deliver([]*pipeline.Packet{packet(1300), {LinkType: linklayer.Raw}}, failed)
	if diff := cmp.Diff([]pipeline.Reason{NoServer, whole.NotPTB}, failed); diff != "" {
		t.Errorf("reasons without a connection (-want +got):\n%s", diff)
	}
}

func TestReasonOf(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want pipeline.Reason
	}{
		{nil, pipeline.Pass},
		{fmt.Errorf("publish: %w", nats.ErrMaxPayload), TooLarge},
		{nats.ErrConnectionClosed, NoServer},
		{errors.ErrUnsupported, SendFailed},
	} {
		if got := reasonOf(tc.err); got != tc.want {
			t.Errorf("%v: reason %d, want %d", tc.err, got, tc.want)
		}
	}
}

// TestSubjects makes the subjects of more targets than are remembered.
func TestSubjects(t *testing.T) {
	for name, tc := range map[string]struct {
		subject    string
		want       string // of 192.0.2.1
		remembered int    // after that one again
	}{
		"by target": {"ptb.{target}", "ptb.192.0.2.1", 2},
		"one":       {"ptb", "ptb", 1},
	} {
		t.Run(name, func(t *testing.T) {
			sink, err := build(t, func(s *Settings) {
				if err := s.Subject.UnmarshalText([]byte(tc.subject)); err != nil {
					t.Fatal(err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			first := netip.MustParseAddr("192.0.2.1")
			for i, addr := 0, netip.MustParseAddr("198.18.0.1"); i <= maxSubjects; i, addr = i+1, addr.Next() {
				if sink.subject(addr); len(sink.subjects) > maxSubjects {
					t.Fatalf("%d subjects are remembered", len(sink.subjects))
				}
			}
			for range 2 {
				if got := sink.subject(first); got != tc.want {
					t.Errorf("subject %s, want %s", got, tc.want)
				}
			}
			if len(sink.subjects) != tc.remembered {
				t.Errorf("%d subjects are remembered, want %d", len(sink.subjects), tc.remembered)
			}
		})
	}
}
