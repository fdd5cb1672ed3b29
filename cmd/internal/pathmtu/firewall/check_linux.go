package firewall

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// Message is a "packet too big" on its way through this host.
type Message struct {
	IPv6      bool
	Interface string // by which it comes or goes
	Index     int    // of the interface
	Out       bool   // made by this host; else it comes in
	Invalid   bool   // conntrack knows no connection for it, as with copies by the sink peers
}

// Drop is where a message is dropped.
type Drop struct {
	Family, Table, Chain string // Family is empty for a table of iptables-legacy or ip6tables-legacy
	Handle               uint64 // of the rule, or its number there; 0: it is the chain's policy
}

// String names the place as nft or iptables do.
func (d Drop) String() string {
	place := fmt.Sprintf("chain %s %s %s", d.Family, d.Table, d.Chain)
	if d.Family == "" {
		place = fmt.Sprintf("chain %s of the legacy iptables table %s", d.Chain, d.Table)
	}
	if d.Handle == 0 {
		return "the policy of " + place
	}
	return fmt.Sprintf("rule %d of %s", d.Handle, place)
}

// Mend returns the command that lets messages pass.
func (d Drop) Mend(m Message) string {
	if d.Family == "" {
		return d.mendLegacy(m)
	}
	match := "icmp type destination-unreachable icmp code frag-needed"
	if m.IPv6 {
		match = "icmpv6 type packet-too-big"
	}
	position := ""
	if d.Handle != 0 {
		position = fmt.Sprintf("position %d ", d.Handle)
	}
	return fmt.Sprintf("nft insert rule %s %s %s %s%s accept", d.Family, d.Table, d.Chain, position, match)
}

func (d Drop) mendLegacy(m Message) string {
	program, match := legacy4.program, "-p icmp --icmp-type fragmentation-needed"
	if m.IPv6 {
		program, match = legacy6.program, "-p icmpv6 --icmpv6-type packet-too-big"
	}
	position := "-A " + d.Chain
	if d.Handle != 0 {
		position = fmt.Sprintf("-I %s %d", d.Chain, d.Handle)
	}
	return fmt.Sprintf("%s -t %s %s %s -j ACCEPT", program, d.Table, position, match)
}

// Rules are the rules of a namespace.
type Rules struct {
	bases  []*nftables.Chain
	chains map[chainKey]*nftables.Chain
	rules  map[chainKey][]*nftables.Rule
	sets   map[setKey][]element

	devices map[chainKey][]string // names of interfaces
}

type chainKey struct {
	family      nftables.TableFamily
	table, name string
}

type setKey chainKey

// Read reads the nftables rules of the calling thread's namespace, for which it takes CAP_NET_ADMIN. A
// kernel without nf_tables has none.
func Read() (*Rules, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("open nf_tables: %w", err)
	}
	r := &Rules{
		chains: map[chainKey]*nftables.Chain{}, rules: map[chainKey][]*nftables.Rule{},
		sets: map[setKey][]element{},
	}
	chains, err := conn.ListChains()
	switch {
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		return r, nil
	case err != nil:
		return nil, fmt.Errorf("list chains: %w", err)
	}
	if r.devices, err = readDevices(); err != nil {
		return nil, fmt.Errorf("list interfaces of chains: %w", err)
	}
	for _, c := range chains {
		key := keyOf(c)
		r.chains[key] = c
		if r.rules[key], err = conn.GetRules(c.Table, c); err != nil {
			return nil, fmt.Errorf("list rules of chain %s: %w", c.Name, err)
		}
		if c.Hooknum != nil && c.Type == nftables.ChainTypeFilter {
			r.bases = append(r.bases, c)
		}
	}
	r.sort()
	return r, nil
}

// sort puts base chains into the order in which packets pass them.
func (r *Rules) sort() {
	slices.SortStableFunc(r.bases, func(a, b *nftables.Chain) int { return cmp.Compare(*a.Priority, *b.Priority) })
}

func keyOf(c *nftables.Chain) chainKey { return chainKey{c.Table.Family, c.Table.Name, c.Name} }

// Check returns where a message is dropped for certain, if it is.
func (r *Rules) Check(m Message) (Drop, bool) {
	for _, c := range r.bases {
		if !r.concerns(c, m) {
			continue
		}
		w := walk{rules: r, message: m}
		if w.chain(c, 0) == verdictDrop {
			return w.drop, true
		}
		if w.drop == (Drop{}) && c.Policy != nil && *c.Policy == nftables.ChainPolicyDrop && !w.mayPass && !w.accepted {
			return dropOf(c, 0), true
		}
	}
	return Drop{}, false
}

func dropOf(c *nftables.Chain, handle uint64) Drop {
	if name, ok := strings.CutPrefix(c.Table.Name, legacyPrefix); ok {
		return Drop{"", name, c.Name, handle}
	}
	return Drop{familyName(c.Table.Family), c.Table.Name, c.Name, handle}
}

// legacyPrefix stands before the names of tables that are none of nf_tables. Those have no
// blanks in their names.
const legacyPrefix = "legacy "

func familyName(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	case nftables.TableFamilyINet:
		return "inet"
	case nftables.TableFamilyNetdev:
		return "netdev"
	case nftables.TableFamilyBridge:
		return "bridge"
	}
	return fmt.Sprint(byte(f))
}

// Numbers of hooks (linux/netfilter.h).
const (
	preRouting, localIn, localOut, postRouting, inetIngress = 0, 1, 3, 4, 5
)

// concerns reports whether a message passes a base chain.
func (r *Rules) concerns(c *nftables.Chain, m Message) bool {
	hook := int(*c.Hooknum)
	switch c.Table.Family {
	case nftables.TableFamilyNetdev:
		const netdevIngress, netdevEgress = 0, 1
		return r.attached(c, m) && (hook == netdevIngress && !m.Out || hook == netdevEgress && m.Out)
	case nftables.TableFamilyIPv4:
		if m.IPv6 {
			return false
		}
	case nftables.TableFamilyIPv6:
		if !m.IPv6 {
			return false
		}
	case nftables.TableFamilyINet:
		if hook == inetIngress {
			return r.attached(c, m) && !m.Out
		}
	default:
		return false
	}
	if m.Out {
		return hook == localOut || hook == postRouting
	}
	return hook == preRouting || hook == localIn
}

// attached reports whether a chain is attached to the message's interface.
func (r *Rules) attached(c *nftables.Chain, m Message) bool {
	return slices.Contains(r.devices[keyOf(c)], m.Interface)
}
