package afpacket

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// TestLinkTypeOf has device types of linux/if_arp.h, many of which a test can't make an
// interface of everywhere.
func TestLinkTypeOf(t *testing.T) {
	for device, want := range map[uint16]linklayer.Type{
		1: linklayer.Ethernet, 772: linklayer.Ethernet,
		512: linklayer.Raw, 519: linklayer.Raw, 768: linklayer.Raw, 769: linklayer.Raw, 776: linklayer.Raw,
		778: linklayer.Raw, 823: linklayer.Raw, 0xfffe: linklayer.Raw,
	} {
		if got, err := linkTypeOf(device); got != want || err != nil {
			t.Errorf("device type %d: %v, %v, want %v", device, got, err, want)
		}
	}
	for _, device := range []uint16{0, 2, 24, 32, 280, 801, 803, 0xffff} {
		if got, err := linkTypeOf(device); err == nil || got != 0 {
			t.Errorf("device type %d: %v", device, got)
		}
	}
	const want = "its link layer (type 32 in linux/if_arp.h) is neither Ethernet nor plain IP"
	if _, err := linkTypeOf(32); err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}
