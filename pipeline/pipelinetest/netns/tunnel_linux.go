package netns

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// TunnelKind is a kind of tunnel device, as `ip link` calls it.
type TunnelKind string

// The kinds. All run over IPv4; IPIP carries IPv4 alone, SIT IPv6 alone.
const (
	GRE       TunnelKind = "gre"
	IPIP      TunnelKind = "ipip"
	SIT       TunnelKind = "sit"
	WireGuard TunnelKind = "wireguard"
)

// TunnelEnd is one end of a tunnel: the device's name, and the address that carries it.
type TunnelEnd struct {
	NS      *NS
	Device  string
	Carrier netip.Addr
}

// Tunnel connects two namespaces by tunnel devices that are up. The error of a kernel
// without the device is [errors.ErrUnsupported].
func Tunnel(kind TunnelKind, a, b TunnelEnd) error {
	if kind == WireGuard {
		return wireGuard(a, b)
	}
	return errors.Join(tunnelEnd(kind, a, b), tunnelEnd(kind, b, a))
}

func tunnelEnd(kind TunnelKind, from, to TunnelEnd) error {
	attrs, local, remote := named(from.Device), from.Carrier.AsSlice(), to.Carrier.AsSlice()
	switch kind {
	case GRE:
		return from.NS.Add(&netlink.Gretun{LinkAttrs: attrs, Local: local, Remote: remote, PMtuDisc: 1})
	case IPIP:
		return from.NS.Add(&netlink.Iptun{LinkAttrs: attrs, Local: local, Remote: remote, PMtuDisc: 1})
	case SIT:
		return from.NS.Add(&netlink.Sittun{LinkAttrs: attrs, Local: local, Remote: remote, PMtuDisc: 1})
	}
	return fmt.Errorf("tunnel of kind %s: %w", kind, errors.ErrUnsupported)
}

// Add makes an interface of any kind and raises it. The error of a kernel that has no
// such kind is [errors.ErrUnsupported].
func (ns *NS) Add(l netlink.Link) error {
	if err := ns.add(l); err != nil {
		return err
	}
	return ns.Up(l.Attrs().Name)
}

// wireGuardPort is the UDP port of both ends.
const wireGuardPort = 51820

func wireGuard(a, b TunnelEnd) error {
	keyA, errA := ecdh.X25519().GenerateKey(rand.Reader)
	keyB, errB := ecdh.X25519().GenerateKey(rand.Reader)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	return errors.Join(wireGuardEnd(a, keyA, b, keyB), wireGuardEnd(b, keyB, a, keyA))
}

func wireGuardEnd(from TunnelEnd, key *ecdh.PrivateKey, to TunnelEnd, peer *ecdh.PrivateKey) error {
	if err := from.NS.Add(&netlink.Wireguard{LinkAttrs: named(from.Device)}); err != nil {
		return err
	}
	err := from.NS.Do(func() error {
		family, err := netlink.GenlFamilyGet("wireguard")
		if err != nil {
			return err
		}
		request := nl.NewNetlinkRequest(int(family.ID), unix.NLM_F_ACK)
		request.AddData(&nl.Genlmsg{Command: unix.WG_CMD_SET_DEVICE, Version: unix.WG_GENL_VERSION})
		request.AddData(nl.NewRtAttr(unix.WGDEVICE_A_IFNAME, nl.ZeroTerminated(from.Device)))
		request.AddData(nl.NewRtAttr(unix.WGDEVICE_A_PRIVATE_KEY, key.Bytes()))
		request.AddData(nl.NewRtAttr(unix.WGDEVICE_A_LISTEN_PORT, nl.Uint16Attr(wireGuardPort)))
		peers := nl.NewRtAttr(unix.WGDEVICE_A_PEERS|unix.NLA_F_NESTED, nil)
		addPeer(peers, peer.PublicKey().Bytes(), to.Carrier)
		request.AddData(peers)
		_, err = request.Execute(unix.NETLINK_GENERIC, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("set keys of %s in namespace %s: %w", from.Device, from.NS.Name, err)
	}
	return nil
}

// addPeer adds a peer that may have every address.
func addPeer(peers *nl.RtAttr, key []byte, endpoint netip.Addr) {
	address := binary.NativeEndian.AppendUint16(nil, unix.AF_INET) // struct sockaddr_in
	address = binary.BigEndian.AppendUint16(address, wireGuardPort)
	address = append(append(address, endpoint.AsSlice()...), make([]byte, 8)...)
	peer := peers.AddRtAttr(unix.NLA_F_NESTED, nil)
	peer.AddRtAttr(unix.WGPEER_A_PUBLIC_KEY, key)
	peer.AddRtAttr(unix.WGPEER_A_ENDPOINT, address)
	allowed := peer.AddRtAttr(unix.WGPEER_A_ALLOWEDIPS|unix.NLA_F_NESTED, nil)
	for _, prefix := range []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")} {
		family := uint16(unix.AF_INET)
		if prefix.Addr().Is6() {
			family = unix.AF_INET6
		}
		one := allowed.AddRtAttr(unix.NLA_F_NESTED, nil)
		one.AddRtAttr(unix.WGALLOWEDIP_A_FAMILY, nl.Uint16Attr(family))
		one.AddRtAttr(unix.WGALLOWEDIP_A_IPADDR, prefix.Addr().AsSlice())
		one.AddRtAttr(unix.WGALLOWEDIP_A_CIDR_MASK, nl.Uint8Attr(0))
	}
}
