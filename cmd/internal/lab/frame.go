package lab

import (
	"bytes"
	"net"
	"net/netip"
)

// frame is an Ethernet frame with a PTB or a datagram, as it crossed a LAN.
type frame []byte

func (f frame) destination() net.HardwareAddr { return net.HardwareAddr(f[0:6]) }
func (f frame) source() net.HardwareAddr      { return net.HardwareAddr(f[6:12]) }

// v6 reports whether the packet is IPv6; the others are IPv4.
func (f frame) v6() bool { return f[14]>>4 == 6 }

// from returns the source address of the IP header.
func (f frame) from() netip.Addr {
	if f.v6() {
		return address(f[22:38])
	}
	return address(f[26:30])
}

// to returns the destination address of the IP header.
func (f frame) to() netip.Addr {
	if f.v6() {
		return address(f[38:54])
	}
	return address(f[30:34])
}

func address(bytes []byte) netip.Addr {
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

// datagram reports whether the packet is UDP; the others are PTBs.
func (f frame) datagram() bool {
	if f.v6() {
		return f[20] == udp
	}
	return f[23] == udp
}

// udp is UDP's protocol number.
const udp = 17

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
