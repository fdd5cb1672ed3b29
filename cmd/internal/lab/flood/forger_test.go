package flood_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// TestForgedMessagesAreSound looks at forged messages as their receivers do.
func TestForgedMessagesAreSound(t *testing.T) {
	for _, target := range []string{"203.0.113.80:80", "[2001:db8:4::80]:80"} {
		t.Run(target, func(t *testing.T) {
			target := netip.MustParseAddrPort(target)
			frame := flood.Forger{Target: target}.Frames(1)[0]
			routers, clients := map[netip.Addr]bool{}, map[netip.Addr]bool{}
			for range 100 {
				flood.Forge(frame)
				checkSums(t, frame)
				router, client := checkFields(t, frame, target)
				routers[router], clients[client] = true, true
			}
			if len(routers) < 90 || len(clients) < 90 {
				t.Errorf("%d routers, %d clients, want some 100 each", len(routers), len(clients))
			}
		})
	}
}

// TestOneClient wants another port or MTU each time, of the same router and client.
func TestOneClient(t *testing.T) {
	for _, target := range []string{"203.0.113.80:80", "[2001:db8:4::80]:80"} {
		target := netip.MustParseAddrPort(target)
		frame := flood.Forger{Target: target}.Frames(1)[0]
		router, client := checkFields(t, frame, target)
		seen := map[string]bool{}
		for range 100 {
			flood.ForgeConnection(frame)
			checkSums(t, frame)
			if r, c := checkFields(t, frame, target); r != router || c != client {
				t.Fatalf("router %v, client %v; before %v, %v", r, c, router, client)
			}
			seen[string(frame)] = true
		}
		if len(seen) < 90 {
			t.Errorf("%d messages of 100 differ", len(seen))
		}
	}
}

// checkSums compares with what gopacket computes.
func checkSums(t *testing.T, frame []byte) {
	t.Helper()
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	var stack []gopacket.SerializableLayer
	for _, layer := range packet.Layers() {
		stack = append(stack, layer.(gopacket.SerializableLayer))
		if icmp, ok := layer.(*layers.ICMPv6); ok {
			_ = icmp.SetNetworkLayerForChecksum(packet.NetworkLayer())
			stack = append(stack, gopacket.Payload(icmp.Payload))
			break
		}
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(buf.Bytes(), frame); diff != "" {
		t.Fatalf("frame with other checksums (-want +got):\n%s", diff)
	}
}

// checkFields looks at what a forged message must have and returns its router and its
// client.
func checkFields(t *testing.T, frame []byte, target netip.AddrPort) (router, client netip.Addr) {
	t.Helper()
	p := pipeline.Packet{Data: frame, Length: len(frame), LinkType: linklayer.Ethernet}
	p.Decode()
	mtu, _ := p.MTU()
	quoted, ok := p.Quoted()
	if !ok || p.Target() != target.Addr() || mtu < 1000 || mtu > 1499 {
		t.Fatalf("forged message to %v with MTU %d, quoted %+v", p.Target(), mtu, quoted)
	}
	if netip.AddrPortFrom(quoted.Src, quoted.SrcPort) != target || quoted.Length != 1500 {
		t.Fatalf("quoted packet is %+v", quoted)
	}
	return p.Router(), quoted.Dst
}
