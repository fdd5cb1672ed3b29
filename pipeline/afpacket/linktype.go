package afpacket

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Device types of linux/if_arp.h that packets can be captured from.
const (
	arphrdEther    = 1
	arphrdPPP      = 512
	arphrdRawIP    = 519
	arphrdTunnel   = 768 // IPv4 in IPv4
	arphrdTunnel6  = 769 // IPv6 or IPv4 in IPv6
	arphrdLoopback = 772
	arphrdSIT      = 776 // IPv6 in IPv4
	arphrdIPGRE    = 778
	arphrdIP6GRE   = 823
	arphrdNone     = 0xfffe // tun, WireGuard
)

// linkTypeOf returns how packets of an interface begin at a raw packet socket.
func linkTypeOf(device uint16) (linklayer.Type, error) {
	switch device {
	case arphrdEther, arphrdLoopback:
		return linklayer.Ethernet, nil
	case arphrdNone, arphrdRawIP, arphrdPPP, arphrdTunnel, arphrdTunnel6, arphrdSIT, arphrdIPGRE, arphrdIP6GRE:
		return linklayer.Raw, nil
	}
	return 0, fmt.Errorf("its link layer (type %d in linux/if_arp.h) is neither Ethernet nor plain IP", device)
}
