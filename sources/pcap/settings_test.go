package pcap_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sources/pcap"
)

func TestSettings(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*pcap.Settings)
		want   string // in the error; none if empty
	}{
		{"defaults", func(*pcap.Settings) {}, ""},
		{"no interface", func(s *pcap.Settings) { s.Interface = "" }, "interface: is empty"},
		{"snaplen 0", func(s *pcap.Settings) { s.Snaplen = 0 }, "snaplen: must be from 1 to 262144, not 0"},
		{"snaplen too large", func(s *pcap.Settings) { s.Snaplen = 262145 }, "snaplen: must be from 1 to 262144, not 262145"},
		{"largest snaplen", func(s *pcap.Settings) { s.Snaplen, s.RingSize = 262144, 8<<20 }, ""},
		{"ring too small", func(s *pcap.Settings) { s.RingSize = 8 << 10 }, "ring_size: must be from 16KiB to 1GiB, not 8KiB"},
		{"ring too small for snaplen", func(s *pcap.Settings) { s.Snaplen, s.RingSize = 9000, 32<<10 }, "ring_size: must be at least 48KiB for a snaplen of 9000, not 32KiB"},
		{"least ring", func(s *pcap.Settings) { s.RingSize = 16 << 10 }, ""},
		{"ring too large", func(s *pcap.Settings) { s.RingSize = 2 << 30 }, "ring_size: must be from 16KiB to 1GiB, not 2GiB"},
		{"negative latency", func(s *pcap.Settings) { s.Latency = -time.Millisecond }, "latency: must be from 0s to 1s, not -1ms"},
		{"latency of microseconds", func(s *pcap.Settings) { s.Latency = 1500 * time.Microsecond }, "latency: must be in whole milliseconds, not 1.5ms"},
		{"interface with an alias", func(s *pcap.Settings) { s.Interface = "eth0:1" }, `interface: "eth0:1" is not the name of an interface`},
		{"interface with a name too long", func(s *pcap.Settings) { s.Interface = "a-name-of-17-char" }, `interface: "a-name-of-17-char" is not the name of an interface`},
		{"latency too long", func(s *pcap.Settings) { s.Latency = 2 * time.Second }, "latency: must be from 0s to 1s, not 2s"},
		{"direction", func(s *pcap.Settings) { s.Direction = "inn" }, `direction: must be in, out or both, not "inn"`},
		{"two mistakes", func(s *pcap.Settings) { s.Interface, s.Latency = "", -1 }, "interface: is empty\nlatency: must be"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := on(tc.change)
			_, err := pcap.Plugin().Build(&s, pipelinetest.Env(t))
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// on returns the default settings for eth0, changed.
func on(change ...func(*pcap.Settings)) pcap.Settings {
	s := *pcap.Plugin().NewSettings().(*pcap.Settings)
	s.Interface = "eth0"
	for _, f := range change {
		f(&s)
	}
	return s
}

func TestReshape(t *testing.T) {
	kinds := []linklayer.PacketType{
		linklayer.TypeUnknown, linklayer.TypeHost, linklayer.TypeBroadcast, linklayer.TypeMulticast,
		linklayer.TypeOtherHost, linklayer.TypeOutgoing,
	}
	const yes = "" // it is delivered
	for _, tc := range []struct {
		direction   pcap.Direction
		promiscuous bool
		want        [6]string // why not, by kind
	}{
		{pcap.In, false, [6]string{yes, yes, yes, yes, "other-host", "outgoing"}},
		{pcap.In, true, [6]string{yes, yes, yes, yes, yes, "outgoing"}},
		{pcap.Out, true, [6]string{yes, "incoming", "incoming", "incoming", "incoming", yes}},
		{pcap.Both, false, [6]string{yes, yes, yes, yes, "other-host", yes}},
		{pcap.Both, true, [6]string{}},
	} {
		source, err := pcap.New(on(func(s *pcap.Settings) {
			s.Direction, s.Promiscuous, s.Snaplen = tc.direction, tc.promiscuous, 100
		}), pipelinetest.Env(t))
		if err != nil {
			t.Fatal(err)
		}
		for i, kind := range kinds {
			p := pipeline.Packet{Data: make([]byte, 110), Length: 120, Type: kind}
			got := source.(pipeline.CaptureAdapter).Adapt(&p)
			if got != tc.want[i] || got == yes && (len(p.Data) != 100 || p.Length != 120) {
				t.Errorf("%s, promiscuous %v, type %d: %q with %d bytes of %d", tc.direction, tc.promiscuous, kind, got, len(p.Data), p.Length)
			}
		}
	}
}
