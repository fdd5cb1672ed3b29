package lab

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/nat"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// The ends of a veth pair: what a program at the ingress of [Interface] lets in arrives
// at planeIn.
const (
	planeIn  = "plane0"
	planeOut = "plane1"
)

// addIngressPlane stands for a data plane whose eBPF programs sit at the ingress of the
// uplink: a u32 program there redirects packets for the VIP to another interface, and nothing
// is forwarded to the container that did not come this way.
func addIngressPlane(ns *netns.NS, vip netip.Addr) error {
	if err := netns.Veth(ns, planeIn, ns, planeOut); err != nil {
		return err
	}
	return cmp.Or(
		ns.Do(func() error { return redirectIngress(vip, Interface, planeIn) }),
		nat.OnlyFrom(ns, planeIn, pod),
	)
}

// redirectIngress has what arrives for an address at one interface arrive at another one.
func redirectIngress(address netip.Addr, from, to string) error {
	source, errFrom := netlink.LinkByName(from)
	target, errTo := netlink.LinkByName(to)
	if err := cmp.Or(errFrom, errTo); err != nil {
		return fmt.Errorf("redirect ingress of %s: %w", from, err)
	}
	index := source.Attrs().Index
	err := netlink.QdiscAdd(&netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_INGRESS,
	}})
	protocol, words := toAddress(address)
	redirect := netlink.NewMirredAction(target.Attrs().Index)
	redirect.MirredAction = netlink.TCA_INGRESS_REDIR
	err = cmp.Or(err, netlink.FilterAdd(&netlink.U32{
		FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: netlink.MakeHandle(0xffff, 0), Priority: 1, Protocol: protocol},
		Sel:         &netlink.TcU32Sel{Flags: netlink.TC_U32_TERMINAL, Nkeys: uint8(len(words)), Keys: words},
		Actions:     []netlink.Action{redirect},
	}))
	if err != nil {
		return fmt.Errorf("redirect ingress of %s to %s: %w", from, to, err)
	}
	return nil
}

// toAddress returns the EtherType of IP packets to an address, and the words to compare
// with those of their headers.
func toAddress(address netip.Addr) (protocol uint16, words []netlink.TcU32Key) {
	protocol, offset := uint16(unix.ETH_P_IP), 16 // of the destination in the header
	if address.Is6() {
		protocol, offset = unix.ETH_P_IPV6, 24
	}
	bytes := address.AsSlice()
	for i := 0; i < len(bytes); i += 4 {
		words = append(words, netlink.TcU32Key{Mask: math.MaxUint32, Val: binary.BigEndian.Uint32(bytes[i:]), Off: int32(offset + i)})
	}
	return protocol, words
}
