package pipelinetest_test

import (
	"fmt"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// A message as a router sends it, about a packet to a client.
func ExamplePTB() {
	message := pipelinetest.PTB{
		Router: netip.MustParseAddr("2001:db8::1"),
		Client: netip.MustParseAddr("2001:db8:c::9"),
		MTU:    1280,
	}
	packet := message.Packet(0)
	packet.Decode()
	mtu, _ := packet.MTU()
	fmt.Printf("ICMPv%d, MTU %d, %d bytes\n", packet.PTB, mtu, len(packet.Data))
	// Output:
	// ICMPv6, MTU 1280, 162 bytes
}
