package lab

import (
	"bytes"
	"net"
	"net/netip"
)

// frame is an Ethernet frame with a PTB, as it crossed a LAN.
type frame []byte

func (f frame) destination() net.HardwareAddr { return net.HardwareAddr(f[0:6]) }
func (f frame) source() net.HardwareAddr      { return net.HardwareAddr(f[6:12]) }

// from returns the source address of the IP header, which is IPv4 or IPv6.
func (f frame) from() netip.Addr {
	address := f[26:30]
	if f[14]>>4 == 6 {
		address = f[22:38]
	}
	addr, _ := netip.AddrFromSlice(address)
	return addr
}

// message is all behind the hardware addresses: what a copy must leave alone.
func (f frame) message() []byte { return f[12:] }

func (f frame) broadcast() bool {
	return bytes.Equal(f.destination(), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
}
