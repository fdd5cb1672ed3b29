package pipelinetest_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/pipeline"
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

// A pipeline with the filter under test, which is lent packets as a live source lends them.
func ExampleRun() {
	var packets []pipeline.Packet
	for _, size := range []uint32{1280, 1400, 9000} {
		packets = append(packets, pipelinetest.PTB{MTU: size}.Packet(pipelinetest.Begin))
	}
	counters, err := pipelinetest.Run(context.Background(), pipeline.Spec{
		Name:    "test",
		Sources: []pipeline.Stage{pipelinetest.Lend(packets, 2)},
		Filters: []pipeline.Stage{{Plugin: mtu.Plugin(), Settings: &mtu.Settings{Min: 576, Max: 1499}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("received %d, forwarded %d\n", counters.Received, counters.Forwarded)
	// Output:
	// received 3, forwarded 2
}
