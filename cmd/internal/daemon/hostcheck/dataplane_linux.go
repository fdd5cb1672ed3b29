package hostcheck

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// dataPlane is what translates the addresses of a node's services, and what that means for
// messages about their connections.
type dataPlane struct {
	name   string
	state  string // how messages reach the services' connections
	advice string
	deaf   bool // nothing that pmtud does helps
}

// services looks for data planes. Connections that they translate are healed by messages that
// are injected, hardly ever by copies that are broadcast or readdressed.
func (c *checker) services(injects bool) {
	for _, p := range dataPlanes() {
		c.once("data plane "+p.name, func() []Finding {
			f := Finding{State: p.state, Advice: p.advice}
			if p.deaf || !injects {
				f.Level = Warning
			}
			if !p.deaf && !injects {
				f.Advice = "use relay and inject to pass messages on: copies sent by broadcast or peers reach no container"
			}
			return one(f)
		})
	}
}

func dataPlanes() (found []dataPlane) {
	for _, find := range []func() *dataPlane{kubeProxyIptables, kubeProxyNftables, ipvs, cilium, calicoBPF, ovn} {
		if p := find(); p != nil {
			found = append(found, *p)
		}
	}
	return found
}

// kubeProxyIptables knows the chain that drops what conntrack calls invalid, unless
// nf_conntrack_tcp_be_liberal is set (kubernetes, pkg/proxy/iptables/proxier.go).
func kubeProxyIptables() *dataPlane {
	if !hasChain("filter", "KUBE-FORWARD") {
		return nil
	}
	p := &dataPlane{name: "kube-proxy (iptables)", state: "accepts injected messages, and drops those meant for other nodes (KUBE-FORWARD drops INVALID)"}
	if liberal, _ := sysctl("netfilter", "nf_conntrack_tcp_be_liberal"); liberal != 0 {
		p.state = "accepts injected messages, and sends those meant for other nodes back to the router (nf_conntrack_tcp_be_liberal is 1); the guard of inject stops these"
	}
	return p
}

func kubeProxyNftables() *dataPlane {
	if !hasTable("kube-proxy") {
		return nil
	}
	return &dataPlane{name: "kube-proxy (nftables)", state: "accepts injected messages, and sends those meant for other nodes back to the router; the guard of inject stops these"}
}

// ipvs finds connections by the quoted packet itself (net/netfilter/ipvs/ip_vs_core.c).
func ipvs() *dataPlane {
	if ifi, err := hostnet.Find("kube-ipvs0"); (err != nil || ifi == nil) && !hasServices() {
		return nil
	}
	p := &dataPlane{name: "IPVS", state: "accepts injected messages"}
	switch value, err := sysctl("ipv4", "vs", "schedule_icmp"); {
	case err != nil:
	case value != 0:
		p.state += "; with the scheduler sh or mh none are needed: every node finds the same server (net.ipv4.vs.schedule_icmp is 1)"
	default:
		p.state += "; with net.ipv4.vs.schedule_icmp=1 and the scheduler sh or mh none would be needed"
	}
	return p
}

// hasServices reports whether IPVS has services. The kernel's table has three lines before the
// first one.
func hasServices() bool {
	table, err := os.ReadFile("/proc/thread-self/net/ip_vs")
	return err == nil && strings.Count(string(table), "\n") > 3
}

func cilium() *dataPlane {
	if !hasMaps("cilium_") {
		return nil
	}
	return &dataPlane{
		name: "Cilium", state: "ignores ICMP for services: no released version uses these messages, however they arrive", deaf: true,
		advice: "see https://github.com/cilium/cilium/issues/34380",
	}
}

func calicoBPF() *dataPlane {
	if !hasMaps("cali_") {
		return nil
	}
	return &dataPlane{name: "Calico (eBPF)", state: "accepts messages that pass the uplink's ingress, where its programs are", advice: "set as_from of inject to the uplink"}
}

func ovn() *dataPlane {
	if ifi, err := hostnet.Find("br-int"); err != nil || ifi == nil {
		return nil
	}
	return &dataPlane{name: "Open vSwitch (OVN-Kubernetes)", state: "accepts messages that pass the physical port's ingress", advice: "set as_from of inject to the physical port, and ttl to 3 (the default) or 4"}
}

// bpfMaps is where data planes of tc programs pin their maps.
const bpfMaps = "/sys/fs/bpf/tc/globals"

func hasMaps(prefix string) bool {
	entries, err := os.ReadDir(filepath.Clean(bpfMaps))
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), prefix) })
}

// Messages and attributes of nf_tables (linux/netfilter/nf_tables.h). Their first attribute is
// the table's name in both, a chain's own name is the third.
const (
	getTables = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETTABLE
	getChains = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETCHAIN
)

// hasTable reports whether nf_tables has a table of that name, of any family.
func hasTable(table string) bool {
	return hasNamed(getTables, map[uint16]string{unix.NFTA_TABLE_NAME: table})
}

// hasChain reports whether nf_tables has a chain, also one made by iptables-nft.
func hasChain(table, chain string) bool {
	return hasNamed(getChains, map[uint16]string{unix.NFTA_CHAIN_TABLE: table, unix.NFTA_CHAIN_NAME: chain})
}

// hasNamed reports whether an answer to the request has the names as attributes. Those who may
// not ask find nothing.
func hasNamed(request netlink.HeaderType, names map[uint16]string) bool {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return false
	}
	defer c.Close()
	const nfgenmsg = 4
	answers, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: request, Flags: netlink.Request | netlink.Dump}, Data: make([]byte, nfgenmsg),
	})
	return err == nil && slices.ContainsFunc(answers, func(m netlink.Message) bool {
		return len(m.Data) >= nfgenmsg && areNamed(m.Data[nfgenmsg:], names)
	})
}

func areNamed(attributes []byte, names map[uint16]string) bool {
	d, err := netlink.NewAttributeDecoder(attributes)
	if err != nil {
		return false
	}
	right := 0
	for d.Next() {
		if want, ok := names[d.Type()]; ok && d.String() == want {
			right++
		}
	}
	return right == len(names)
}
