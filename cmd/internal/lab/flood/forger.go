package flood

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Forger forges PTBs that look like genuine ones: each from another router about a
// packet to another client, with another MTU, and with checksums that are right. Only
// who has the connections can tell that there is none.
//
// Addresses are at random out of 10.0.0.0/8 and 2001:db8:8000::/33.
type Forger struct {
	// Target is whose packets the messages are about: the address that the servers
	// share. It sets the IP version.
	Target netip.AddrPort
	// DstMAC is the hardware address of the next hop.
	DstMAC [6]byte
}

// MTUs of forged messages, from and to, and the length of the quoted packets.
const (
	lowMTU       = 1000
	highMTU      = 1499
	quotedLength = 1500
)

// Frames returns messages to start from, which are all alike.
func (f Forger) Frames(n int) [][]byte {
	router := netip.MustParseAddr("10.0.0.1")
	if f.Target.Addr().Is6() {
		router = netip.MustParseAddr("2001:db8:8000::1")
	}
	frames := make([][]byte, n)
	for i := range frames {
		frames[i] = pipelinetest.PTB{
			Router: router, Target: f.Target.Addr(), Client: router,
			SrcPort: f.Target.Port(), DstMAC: f.DstMAC,
		}.Frame()
		Forge(frames[i])
	}
	return frames
}

// Forge changes router, client, the client's port and the MTU of one of
// [Forger.Frames].
func Forge(frame []byte) { ForgeBy(rand.Uint64, frame) }

// ForgeBy is [Forge] with random numbers of the caller's.
func ForgeBy(random func() uint64, frame []byte) {
	ip, message, quoted := parts(frame)
	if ip.Version == 6 {
		forgeIPv6(random, ip.Bytes, message, quoted.Bytes)
	} else {
		forgeIPv4(random, ip.Bytes, message, quoted.Bytes)
	}
	ip.SetChecksum()
	quoted.SetChecksum()
	ip.SetICMPChecksum(message)
}

// ForgeConnection changes only what one router says of one client: the client's port and the MTU.
func ForgeConnection(frame []byte) {
	ip, message, quoted := parts(frame)
	if ip.Version == 6 {
		forgeConnection6(rand.Uint64(), message, quoted.Bytes)
	} else {
		forgeConnection4(rand.Uint64(), message, quoted.Bytes)
	}
	ip.SetICMPChecksum(message)
}

// parts returns a frame's packet, the ICMP message in it, and the packet that this quotes.
func parts(frame []byte) (ip wire.IP, message []byte, quoted wire.IP) {
	ip = wire.ParseIP(frame[wire.EthernetLen:])
	message = ip.Bytes[ip.HeaderLen():]
	return ip, message, wire.ParseIP(message[wire.ICMPLen:])
}

func forgeConnection4(random uint64, message []byte, quoted wire.IPv4) {
	forgePort(random, quoted[wire.IPv4Len+2:])
	binary.BigEndian.PutUint16(message[6:], uint16(forgedMTU(random)))
}

func forgeConnection6(random uint64, message []byte, quoted wire.IPv6) {
	forgePort(random, quoted[wire.IPv6Len+2:])
	binary.BigEndian.PutUint32(message[4:], forgedMTU(random))
}

func forgeIPv4(random func() uint64, ip wire.IPv4, message []byte, quoted wire.IPv4) {
	addresses, rest := random(), random()
	putLow24(ip.Src(), uint32(addresses))
	putLow24(quoted.Dst(), uint32(addresses>>24))
	binary.BigEndian.PutUint16(quoted[2:], quotedLength)
	forgeConnection4(rest, message, quoted)
}

// putLow24 changes the host part of an address out of 10.0.0.0/8.
func putLow24(address []byte, host uint32) {
	binary.BigEndian.PutUint32(address, 10<<24|host&0xffffff)
}

func forgeIPv6(random func() uint64, ip wire.IPv6, message []byte, quoted wire.IPv6) {
	rest := random()
	forgeBehind33(random, ip.Src())
	forgeBehind33(random, quoted.Dst())
	binary.BigEndian.PutUint16(quoted[4:], quotedLength-wire.IPv6Len)
	forgeConnection6(rest, message, quoted)
}

// forgeBehind33 changes an address out of 2001:db8:8000::/33.
func forgeBehind33(random func() uint64, address []byte) {
	binary.BigEndian.PutUint32(address[4:], uint32(random())|1<<31)
	binary.BigEndian.PutUint64(address[8:], random())
}

// forgePort writes a port as clients have.
func forgePort(random uint64, b []byte) {
	binary.BigEndian.PutUint16(b, uint16(32768+random%28232))
}

func forgedMTU(random uint64) uint32 { return lowMTU + uint32(random>>32)%(highMTU-lowMTU+1) }
