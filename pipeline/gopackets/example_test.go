package gopackets_test

import (
	"context"
	"fmt"
	"os"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/gopackets"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// A plugin that reads a file by pcapgo. With libpcap, open calls pcap.OpenLive with a
// timeout, and Again is
//
//	func(err error) bool { return err == pcap.NextErrorTimeoutExpired }
func ExampleNewSource() {
	type settings struct {
		Path string `setting:"path" required:"true" example:"a.pcap" doc:"capture to read"`
	}
	newSource := func(s settings, _ pipeline.Env) (pipeline.Source, error) {
		return gopackets.NewSource(func(context.Context) (h gopackets.Handle, err error) {
			f, err := os.Open(s.Path)
			if err != nil {
				return h, err
			}
			r, err := pcapgo.NewReader(f)
			if err != nil {
				return h, err
			}
			return gopackets.Handle{Read: r.ZeroCopyReadPacketData, LinkType: linklayer.Type(r.LinkType()), Close: f.Close}, nil
		}), nil
	}
	plugin := pipeline.NewSource(pipeline.SourcePlugin[settings]{
		Type: "my-capture", Summary: "reads a capture", Lossless: true, New: newSource,
	})

	built, err := plugin.Build(&settings{Path: "../../testdata/replay/forged.pcap"}, pipeline.Env{})
	if err != nil {
		fmt.Println(err)
		return
	}
	source := built.(pipeline.Source)
	if err := source.Open(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	packets := 0
	err = source.Run(context.Background(), func(batch []pipeline.Packet) { packets += len(batch) })
	fmt.Println(packets > 0, err)
	// Output: true <nil>
}

// A filter looks at a layer that pipeline's Packet does not have.
func ExampleNewPacket() {
	frame := []byte{
		1, 128, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc, // LLDP
		2, 7, 4, 2, 0, 0, 0, 0, 1, 4, 2, 7, '7', 6, 2, 0, 120, 0, 0,
	}
	p := pipeline.Packet{Data: frame, Length: len(frame), LinkType: linklayer.Ethernet}
	packet := gopackets.NewPacket(&p, layers.LinkType(p.LinkType), gopacket.Lazy)
	if lldp, ok := packet.Layer(layers.LayerTypeLinkLayerDiscovery).(*layers.LinkLayerDiscovery); ok {
		fmt.Println("port", string(lldp.PortID.ID))
	}
	// Output: port 7
}
