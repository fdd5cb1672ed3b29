package rig

import (
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// LogGroup is the netfilter log group of [Cable.LogPackets].
const LogGroup = 33

func logTable() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "rig"}
}

// LogPackets has the host count the IPv4 packets that match, log them to [LogGroup], and
// then do what follows, before its IP stack works on them.
func (c *Cable) LogPackets(match []expr.Any, then ...expr.Any) error {
	return c.Host.Do(func() error {
		conn, err := nftables.New()
		if err != nil {
			return fmt.Errorf("open nftables: %w", err)
		}
		table := conn.AddTable(logTable())
		chain := conn.AddChain(&nftables.Chain{
			Name: "log", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
		})
		log := []expr.Any{&expr.Counter{}, &expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: LogGroup}}
		conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: slices.Concat(match, log, then)})
		if err := conn.Flush(); err != nil {
			return fmt.Errorf("log packets: %w", err)
		}
		return nil
	})
}

// Logged returns how many packets were logged.
func (c *Cable) Logged() (packets int, err error) {
	err = c.Host.Do(func() error {
		conn, err := nftables.New()
		if err != nil {
			return fmt.Errorf("open nftables: %w", err)
		}
		rules, err := conn.GetRules(logTable(), &nftables.Chain{Name: "log", Table: logTable()})
		if err != nil {
			return fmt.Errorf("read counter of logged packets: %w", err)
		}
		for _, e := range rules[0].Exprs {
			if counter, ok := e.(*expr.Counter); ok {
				packets = int(counter.Packets)
			}
		}
		return nil
	})
	return packets, err
}

// LogICMP has a namespace log ICMP messages that arrive and match to [LogGroup], at a hook
// of its IP stack.
func LogICMP(ns *netns.NS, hook *nftables.ChainHook, priority *nftables.ChainPriority, match ...expr.Any) error {
	return ns.Do(func() error {
		conn, err := nftables.New()
		if err != nil {
			return fmt.Errorf("open nftables: %w", err)
		}
		table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "rig"})
		chain := conn.AddChain(&nftables.Chain{
			Name: "log", Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: priority,
		})
		for _, protocol := range []byte{unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6} {
			conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: slices.Concat(match, []expr.Any{
				&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
				&expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: LogGroup},
			})})
		}
		if err := conn.Flush(); err != nil {
			return fmt.Errorf("log ICMP: %w", err)
		}
		return nil
	})
}
