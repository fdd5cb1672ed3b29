package circles_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// TestSecondAddresses has two and three hosts whose lists name the second addresses of the
// others, while they send from the first. One message of the highest TTL reaches each other
// host once and goes no further.
func TestSecondAddresses(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, hosts := range []int{2, 3} {
		for _, family := range []string{"IPv4", "IPv6"} {
			t.Run(fmt.Sprint(hosts, " hosts, ", family), func(t *testing.T) {
				l := newLAN(t, hosts)
				for i, h := range l.hosts {
					h.start(t, peersConfig(l, i))
				}
				l.send(t, message(family, l.hosts[0].mac))
				if got, want := settled(&l.ptbs, hosts), hosts; got != want { // the message itself is one
					t.Errorf("%d messages on the wire, want %d", got, want)
				}
			})
		}
	}
}

// message returns a PTB of TTL or hop limit 255 in a frame to the address.
func message(family string, mac [6]byte) []byte {
	m := pipelinetest.PTB{DstMAC: mac}
	if family == "IPv6" {
		m.Router = netip.MustParseAddr("2001:db8:f::1")
	}
	frame := m.Frame()
	wire.ParseIP(frame[wire.EthernetLen:]).SetTTL(255)
	return frame
}

// peersConfig sends what comes to host i to the second addresses of the others.
func peersConfig(l *lan, i int) string {
	var addresses []string
	for j := range l.hosts {
		if j != i {
			addresses = append(addresses, second4(j), second6(j))
		}
	}
	return `pipelines: {p: {sources: [{type: pcap, interface: eth0}], filters: [{type: icmp-ptb}], sinks: [{type: peers, unlimited: true, addresses: ["` +
		strings.Join(addresses, `", "`) + `"]}]}}`
}
