package lab

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// frame is an Ethernet frame with a PTB or a datagram, as it crossed a LAN.
type frame []byte

func (f frame) destination() net.HardwareAddr { return net.HardwareAddr(f[0:6]) }
func (f frame) source() net.HardwareAddr      { return net.HardwareAddr(f[6:12]) }

func (f frame) ip() wire.IP { return wire.ParseIP(f[wire.EthernetLen:]) }

// v6 reports whether the packet is IPv6; the others are IPv4.
func (f frame) v6() bool { return f.ip().Version == 6 }

// from returns the source address of the IP header.
func (f frame) from() netip.Addr { return f.ip().Src() }

// to returns the destination address of the IP header.
func (f frame) to() netip.Addr { return f.ip().Dst() }

// datagram reports whether the packet is UDP; the others are PTBs.
func (f frame) datagram() bool { return f.ip().Protocol() == wire.ProtoUDP }

// packet returns what stays the same of the IP packet on its way: not the TTL or hop
// limit, nor the checksum of an IPv4 header.
func (f frame) packet() string {
	ip := bytes.Clone(f[14:])
	if f.v6() {
		ip[7] = 0
	} else {
		ip[8], ip[10], ip[11] = 0, 0, 0
	}
	return string(ip)
}

// message is all behind the hardware addresses: what a copy must leave alone.
func (f frame) message() []byte { return f[12:] }

func (f frame) broadcast() bool {
	return bytes.Equal(f.destination(), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
}
