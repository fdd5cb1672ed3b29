package peers_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestFragments sends messages that are longer than the route's MTU: the kernel cuts
// them up, and they come to the peer whole.
func TestFragments(t *testing.T) {
	for _, tc := range []struct {
		network, peer, prefix string
		ipv6                  bool
		length, headers       int // of the IP header's length field, and of what it does not count
	}{
		{"ip4:icmp", "10.99.0.2", "10.99.0.2/24", false, 14 + 2, 14},
		{"ip6:ipv6-icmp", "fd99::2", "fd99::2/64", true, 14 + 4, 14 + 40},
	} {
		t.Run(tc.network, func(t *testing.T) {
			peer := newLAN(t).host("peer", tc.prefix)
			netns.Must(t, netlink.LinkSetMTU(home(t), 1280))
			// The kernel puts fragments together for it, and looks at IPv6 checksums.
			conn, err := peer.ListenPacket(tc.network, tc.peer)
			netns.Must(t, err)
			defer conn.Close()
			p := ptb(tc.ipv6, 1400)
			p.Decode()
			p.Data = slices.Concat(p.Data, bytes.Repeat([]byte("quoted "), 400))
			p.Length = len(p.Data)
			binary.BigEndian.PutUint16(p.Data[tc.length:], uint16(len(p.Data)-tc.headers))
			message := p.Data[p.ICMP:]

			sink := openFor(t, tc.peer)
			got := make([]byte, 1<<16)
			pipelinetest.Eventually(t, func() bool { // there may be messages of the kernels' own
				if reason := deliver(sink, p); reason != "" {
					t.Fatalf("reason %q", reason)
				}
				netns.Must(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
				n, _, _ := conn.ReadFrom(got)
				return n == len(message) && got[0] == message[0] && bytes.Equal(got[4:n], message[4:])
			})
		})
	}
}
