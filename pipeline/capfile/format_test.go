package capfile_test

import (
	"math"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

func TestClamp(t *testing.T) {
	const latest = 1<<32*1_000_000_000 - 1 // in 2106
	for _, tc := range []struct {
		format  capfile.Format
		t, want pipeline.Instant
	}{
		{capfile.Pcap, math.MinInt64, 0},
		{capfile.Pcap, -1, 0},
		{capfile.Pcap, 0, 0},
		{capfile.Pcap, latest, latest},
		{capfile.Pcap, latest + 1, latest},
		{capfile.Pcapng, -1, 0},
		{capfile.Pcapng, latest + 1, latest + 1},
		{capfile.Pcapng, math.MaxInt64, math.MaxInt64},
	} {
		got := tc.format.Clamp(tc.t)
		if got != tc.want {
			t.Errorf("%v: %d becomes %d, want %d", tc.format, tc.t, got, tc.want)
		}
		e, p := capfile.Encoder{Format: tc.format}, pipeline.Packet{Time: tc.t}
		if _, err := e.AppendPacket(nil, 0, &p, ""); (err == nil) != (got == tc.t) {
			t.Errorf("%v: the time %d is written: %v", tc.format, tc.t, err)
		}
	}
}

func TestFormatText(t *testing.T) {
	for text, want := range map[string]capfile.Format{"pcap": capfile.Pcap, "pcapng": capfile.Pcapng} {
		got := capfile.Format(9)
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "PCAP", "pcap ", "format(2)"} {
		got := capfile.Pcapng
		if err := got.UnmarshalText([]byte(text)); err == nil || got != capfile.Pcapng {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if got := capfile.Format(2).String(); got != "format(2)" {
		t.Errorf("%q", got)
	}
}
