package flood

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
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
	if packet := frame[ethernet:]; packet[0]>>4 == 6 {
		forgeIPv6(random, packet)
	} else {
		forgeIPv4(random, packet)
	}
}

// Lengths of headers, none of which has options.
const (
	ethernet = 14
	ipv4     = 20
	ipv6     = 40
	icmp     = 8
)

func forgeIPv4(random func() uint64, packet []byte) {
	message := packet[ipv4:]
	quoted := message[icmp:]
	addresses, rest := random(), random()
	putLow24(packet[12:16], uint32(addresses))
	putLow24(quoted[16:20], uint32(addresses>>24))
	binary.BigEndian.PutUint16(quoted[2:], quotedLength)
	forgePort(rest, quoted[ipv4+2:])
	binary.BigEndian.PutUint16(message[6:], uint16(forgedMTU(rest)))
	sum(packet[10:12], packet[:ipv4], 0)
	sum(quoted[10:12], quoted[:ipv4], 0)
	sum(message[2:4], message, 0)
}

// putLow24 changes the host part of an address out of 10.0.0.0/8.
func putLow24(address []byte, host uint32) {
	binary.BigEndian.PutUint32(address, 10<<24|host&0xffffff)
}

func forgeIPv6(random func() uint64, packet []byte) {
	message := packet[ipv6:]
	quoted := message[icmp:]
	rest := random()
	forgeBehind33(random, packet[8:24])
	forgeBehind33(random, quoted[24:40])
	binary.BigEndian.PutUint16(quoted[4:], quotedLength-ipv6)
	forgePort(rest, quoted[ipv6+2:])
	binary.BigEndian.PutUint32(message[4:], forgedMTU(rest))
	const icmpv6 = 58
	pseudo := uint32(len(message)) + icmpv6 // with both addresses (RFC 8200, section 8.1)
	sum(message[2:4], message, pseudo+add(packet[8:40]))
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

// sum writes the Internet checksum (RFC 1071) of b, and of what was added before, to
// a field of b.
func sum(field, b []byte, before uint32) {
	field[0], field[1] = 0, 0
	total := before + add(b)
	total = total>>16 + total&0xffff
	total += total >> 16
	binary.BigEndian.PutUint16(field, ^uint16(total))
}

// add adds up 16-bit words, not too many to fit.
func add(b []byte) (total uint32) {
	for ; len(b) > 1; b = b[2:] {
		total += uint32(binary.BigEndian.Uint16(b))
	}
	return total
}
