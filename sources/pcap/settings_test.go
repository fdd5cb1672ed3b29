package pcap_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
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
		{"snaplen 0", func(s *pcap.Settings) { s.Snaplen = 0 }, "snaplen: 0 is not between 1 and 262144"},
		{"snaplen too large", func(s *pcap.Settings) { s.Snaplen = 262145 }, "snaplen: 262145 is not"},
		{"largest snaplen", func(s *pcap.Settings) { s.Snaplen, s.RingSize = 262144, 8<<20 }, ""},
		{"ring too small", func(s *pcap.Settings) { s.RingSize = 8 << 10 }, "ring_size: 8KiB is not between 16KiB (for a snaplen of 2048) and 1GiB"},
		{"ring too small for snaplen", func(s *pcap.Settings) { s.Snaplen, s.RingSize = 9000, 32<<10 }, "ring_size: 32KiB is not between 48KiB"},
		{"least ring", func(s *pcap.Settings) { s.RingSize = 16 << 10 }, ""},
		{"ring too large", func(s *pcap.Settings) { s.RingSize = 2 << 30 }, "ring_size: 2GiB is not"},
		{"latency 0", func(s *pcap.Settings) { s.Latency = 0 }, "latency: 0s is not"},
		{"latency of microseconds", func(s *pcap.Settings) { s.Latency = 1500 * time.Microsecond }, "latency: 1.5ms is not"},
		{"latency too long", func(s *pcap.Settings) { s.Latency = 2 * time.Second }, "latency: 2s is not"},
		{"two mistakes", func(s *pcap.Settings) { s.Interface, s.Latency = "", 0 }, "interface: is empty\nlatency: 0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := pcap.New(on(tc.change), pipelinetest.Env(t))
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

func TestDirection(t *testing.T) {
	for _, text := range []string{"in", "out", "both"} {
		var d pcap.Direction
		if err := d.UnmarshalText([]byte(text)); err != nil || string(d) != text {
			t.Errorf("%q is read as %q, %v", text, d, err)
		}
	}
	var d pcap.Direction
	if err := d.UnmarshalText([]byte("inwards")); err == nil {
		t.Error("inwards is read as a direction")
	}
}

func TestReshape(t *testing.T) {
	kinds := []pipeline.PacketType{
		pipeline.TypeUnknown, pipeline.TypeHost, pipeline.TypeBroadcast, pipeline.TypeMulticast,
		pipeline.TypeOtherHost, pipeline.TypeOutgoing,
	}
	for _, tc := range []struct {
		direction   pcap.Direction
		promiscuous bool
		want        [6]bool // by kind
	}{
		{pcap.In, false, [6]bool{true, true, true, true, false, false}},
		{pcap.In, true, [6]bool{true, true, true, true, true, false}},
		{pcap.Out, true, [6]bool{true, false, false, false, false, true}},
		{pcap.Both, false, [6]bool{true, true, true, true, false, true}},
		{pcap.Both, true, [6]bool{true, true, true, true, true, true}},
	} {
		source, err := pcap.New(on(func(s *pcap.Settings) {
			s.Direction, s.Promiscuous, s.Snaplen = tc.direction, tc.promiscuous, 100
		}), pipelinetest.Env(t))
		if err != nil {
			t.Fatal(err)
		}
		for i, kind := range kinds {
			p := pipeline.Packet{Data: make([]byte, 110), Length: 120, Type: kind}
			got := source.(pipeline.Reshaper).Reshape(&p)
			if got != tc.want[i] || got && (len(p.Data) != 100 || p.Length != 120) {
				t.Errorf("%s, promiscuous %v, type %d: %v with %d octets of %d", tc.direction, tc.promiscuous, kind, got, len(p.Data), p.Length)
			}
		}
	}
}
