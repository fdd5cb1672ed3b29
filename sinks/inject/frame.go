package inject

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// macLen is the length of a hardware address in bytes.
const macLen = 6

// packetOf returns the IP packet in p without padding, or why there is none.
func packetOf(p *pipeline.Packet) (wire.IP, pipeline.Reason) {
	ip := p.IP()
	length := ip.Len()
	switch {
	case ip.Version == 0 || wire.Version(ip.Bytes) != ip.Version || length < wire.IPv4Len:
		return wire.IP{}, NoPacket
	case length > len(ip.Bytes):
		return wire.IP{}, Truncated
	}
	ip.Bytes = ip.Bytes[:length]
	return ip, pipeline.Pass
}

// framer makes frames of IP packets, in a buffer that is used again.
type framer struct{ buf []byte }

// frame returns the frame to send for an IP packet, valid until the next call. Its TTL or hop
// limit is at most ttl.
func (f *framer) frame(ip wire.IP, to [macLen]byte, ttl uint8) []byte {
	f.buf = append(f.buf[:0], to[:]...)
	f.buf = append(f.buf, linklayer.InjectedMAC[:]...)
	f.buf = binary.BigEndian.AppendUint16(f.buf, etherType(ip))
	header := len(f.buf)
	f.buf = append(f.buf, ip.Bytes...)
	if ip.TTL() > ttl {
		wire.IP{Version: ip.Version, Bytes: f.buf[header:]}.SetTTL(ttl)
	}
	return f.buf
}

func etherType(ip wire.IP) uint16 {
	if ip.Version == 4 {
		return linklayer.EtherTypeIPv4
	}
	return linklayer.EtherTypeIPv6
}
