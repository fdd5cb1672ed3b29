package livebench

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// iface is the name of both ends of the cable.
const iface = "eth0"

// network is a host with an interface, and the wire that it hangs on. Nobody but
// the benchmark sends anything.
type network struct{ host, wire *netns.NS }

func newNetwork() (*network, error) {
	var n network
	var err error
	if n.host, err = netns.New("host"); err != nil {
		return nil, err
	}
	if n.wire, err = netns.New("wire"); err != nil {
		return nil, errors.Join(err, n.host.Close())
	}
	err = errors.Join(
		n.host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		n.wire.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		netns.Veth(n.host, iface, n.wire, iface),
	)
	if err == nil {
		err = n.host.Do(dropBehindTap)
	}
	if err != nil {
		return nil, errors.Join(err, n.close())
	}
	return &n, nil
}

func (n *network) close() error { return errors.Join(n.host.Close(), n.wire.Close()) }

// dropBehindTap drops all that comes from the wire after packet sockets have seen
// it, so that the IP stack does not work on the flood.
func dropBehindTap() error {
	conn, err := nftables.New()
	if err != nil {
		return fmt.Errorf("open nftables: %w", err)
	}
	table := conn.AddTable(&nftables.Table{Name: "livebench", Family: nftables.TableFamilyNetdev})
	chain := conn.AddChain(&nftables.Chain{
		Name: "ingress", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: iface,
	})
	conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}})
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("drop packets behind the tap: %w", err)
	}
	return nil
}
